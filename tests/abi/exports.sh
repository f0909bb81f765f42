#!/bin/sh
# Every built plugin exports hone_plugin_info and nothing else, imports nothing of the host's (libc and libm only), and has
# no constructors of its own. Reads the build directory: the plugins that `make` was asked for.
builddir=${abs_top_builddir:-$PWD}
bad=0
seen=0

fault() {
    echo "$1: $2"
    bad=1
}

for so in "$builddir"/plugins/*/.libs/*.so; do
    [ -f "$so" ] || continue
    # A plugin that is switched off now may still lie there from an earlier build: its .la tells.
    la=$(dirname "$so")/../$(basename "$so" .so).la
    [ -f "$la" ] || continue
    seen=$((seen + 1))
    out=$(nm -D --defined-only "$so" | awk '{print $NF}' | grep -v '^__odr_asan' | sort)
    [ "$out" = hone_plugin_info ] || fault "$so" "exports $(echo "$out" | tr '\n' ' ')"
    hone=$(nm -D --undefined-only "$so" | awk '{print $NF}' | grep -i '^_*hone')
    [ -z "$hone" ] || fault "$so" "imports from the host: $hone"
    libs=$(readelf -d "$so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -v -e '^libc\.' -e '^libm\.' -e '^ld-linux' \
        -e '^libgcc_s\.' -e '^libasan\.' -e '^libubsan\.' -e '^libtsan\.' -e '^libclang_rt')
    [ -z "$libs" ] || fault "$so" "needs libraries beyond libc and libm: $libs"
    # The toolchain brings one function (frame_dummy), one more where code is chosen by processor, and sanitizers theirs.
    allowed=8
    nm "$so" | grep -q ' __cpu_indicator_init$' && allowed=16
    size=$(readelf -SW "$so" | sed 's/^ *\[ *[0-9]*\] *//' | awk '$1 == ".init_array" {print $5}')
    if [ -n "$size" ] && [ $((0x$size)) -gt $allowed ] && ! nm -D --undefined-only "$so" | grep -q -e __asan -e __tsan; then
        fault "$so" "has constructors (.init_array of 0x$size bytes)"
    fi
done
[ $seen -gt 0 ] || ! grep -q '^S."STATIC_PLUGINS_TRUE".=""' "$builddir/config.status" || { echo 'skipped: the plugins of this build are linked in'; exit 77; }
[ $seen -gt 0 ] || { echo "no built plugins under $builddir/plugins"; exit 1; }
[ $bad -eq 0 ] && echo "$seen plugins: one export each, no imports from the host, no constructors"
exit $bad
