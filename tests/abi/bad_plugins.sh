#!/bin/sh
# hone-worker's probe on plugins that are broken in one way each: every one is listed with its true cause, the sound ones
# beside them are described, and nothing hangs.
srcdir=${srcdir:-.}
builddir=${abs_top_builddir:-$PWD}
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
bad=0

sh "$srcdir/tests/abi/bad/build.sh" "$tmp/plugins" || exit 99
# shellcheck disable=SC2086
${CC:-cc} -std=c11 -O2 -shared -fPIC -fvisibility=hidden -I "$srcdir/include" -o "$tmp/plugins/sign_descent.so" \
    "$srcdir/tests/abi/example_optimizer.c" || exit 99
tab=$(printf '\t')

# A sanitizer gives a crash a message of its own and another exit.
sanitized=no
nm "$builddir/hone-worker" 2>/dev/null | grep -q __asan_init && sanitized=yes

start=$(date +%s)
for name in $(ls "$tmp/plugins" | sed 's/\.so$//'); do
    "$builddir/tests/abi/drive" "$builddir/hone-worker" \
        "{\"task\":\"probe\",\"file\":\"$tmp/plugins/$name.so\"}" 20 >"$tmp/$name.out" 2>"$tmp/$name.err" </dev/null
    echo $? >"$tmp/$name.rc"
done

while IFS="$tab" read -r name text; do
    if [ "$name" = init_throws ] && [ ! -f "$tmp/$name.out" ]; then
        echo "$name: left out, there is no C++ compiler"
    elif [ ! -f "$tmp/$name.out" ]; then
        echo "$name: there is no such bad plugin"
        bad=1
    elif [ "$(cat "$tmp/$name.rc")" -gt 1 ]; then
        echo "$name: the probe itself failed: $(cat "$tmp/$name.out")"
        bad=1
    elif [ $sanitized = yes ] && echo "$text" | grep -q 'not permitted'; then
        : # the build has no filter of system calls
    elif [ $sanitized = yes ] && echo "$text" | grep -q crashed; then
        grep -q '"error":' "$tmp/$name.out" || { echo "$name: no error: $(cat "$tmp/$name.out")"; bad=1; }
    elif ! grep -F -q -e "$text" "$tmp/$name.out"; then
        echo "$name: expected '$text', got: $(grep '"result"' "$tmp/$name.out")"
        bad=1
    fi
done <"$srcdir/tests/abi/bad/expected"

# Whatever misbehaves only while it trains is described, and so is the sound one.
for name in sign_descent update_nan update_segfault update_exit update_hang update_stdout update_rounding; do
    grep -q '"settings":' "$tmp/$name.out" || { echo "$name: not described: $(cat "$tmp/$name.out")"; bad=1; }
done
for name in $(ls "$tmp/plugins" | sed 's/\.so$//'); do
    grep -q "^$name$tab" "$srcdir/tests/abi/bad/expected" || grep -q '"settings":' "$tmp/$name.out" ||
        { echo "$name: not in the list of what is expected"; bad=1; }
done

# All of them at once, as `hone plugin list` does.
"$builddir/tests/abi/drive" "$builddir/hone-worker" "{\"task\":\"probe\",\"plugin_dirs\":[\"$tmp/plugins\"]}" 60 \
    >"$tmp/all.out" 2>/dev/null </dev/null || { echo "probing all at once failed: $(cat "$tmp/all.out")"; bad=1; }
count=$(grep -o '"file":' "$tmp/all.out" | wc -l)
wanted=$(ls "$tmp/plugins" | wc -l)
[ "$count" -ge "$wanted" ] || { echo "$count of $wanted files are listed"; bad=1; }
grep -q '"name":"sign_descent"' "$tmp/all.out" || { echo "the sound plugin is not listed beside the bad ones"; bad=1; }

took=$(($(date +%s) - start))
[ $took -le 60 ] || { echo "the probes took $took s"; bad=1; }
[ $bad -eq 0 ] && echo "$wanted files probed in $took s"
exit $bad
