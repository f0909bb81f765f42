#!/bin/sh
# With an installed tree alone: the commands of docs/plugin-guide.md as they stand there, from its file to a trained agent; a plugin of
# each kind by `hone plugin new`; hone.pc, hone-plugin.mk and hone.m4.
srcdir=$(cd "${srcdir:-.}" && pwd)
builddir=${abs_top_builddir:-$PWD}
command -v pkg-config >/dev/null 2>&1 || { echo "skipped: no pkg-config"; exit 77; }
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
fail() {
    echo "$*"
    exit 1
}

(unset MAKEFLAGS MAKELEVEL; cd "$builddir" && make -s install DESTDIR="$tmp/root") >"$tmp/log" 2>&1 || fail "make install: $(cat "$tmp/log")"
pc=$(find "$tmp/root" -name hone.pc)
prefix=$(dirname "$(dirname "$(dirname "$pc")")")
mkdir "$tmp/bin" "$tmp/work"
# The tree was moved by DESTDIR; of one that was not, pkg-config knows the place.
printf '#!/bin/sh\nexec %s --define-prefix "$@"\n' "$(command -v pkg-config)" >"$tmp/bin/pkg-config"
chmod +x "$tmp/bin/pkg-config"
unset HONE_PLUGIN_PATH abs_top_builddir HONE_WORKER
HOME=$tmp XDG_CONFIG_HOME=$tmp/config XDG_STATE_HOME=$tmp/state HONE_SYSCONFDIR=$tmp/etc
PKG_CONFIG_PATH=$(dirname "$pc") PATH=$tmp/bin:$(dirname "$(find "$tmp/root" -type f -path '*/bin/hone')"):$PATH
export HOME XDG_CONFIG_HOME XDG_STATE_HOME HONE_SYSCONFDIR PKG_CONFIG_PATH PATH
umask 022

# block LANGUAGE N: the N-th block of that language in the guide
block() {
    awk -v head="\`\`\`$1" -v n="$2" '$0 == head { on = ++seen == n; next } /^```/ { on = 0 } on' "$srcdir/docs/plugin-guide.md"
}

# The guide's page: its file, and its commands one after the other in one shell.
cd "$tmp/work" || exit 99
cp "$srcdir/etc/example/support.jsonl" examples.jsonl
block c 1 >sign_descent.c
{
    echo 'set -e'
    block sh 1
    block sh 2
    block sh 3
    block sh 4
} >commands
[ "$(grep -c -e '^cc ' -e '^hone ' -e '^install ' commands)" -ge 4 ] || fail "the guide's commands were not found: $(cat commands)"
sh commands >out 2>&1 || fail "the guide's commands fail: $(cat commands out)"
hone ask helpdesk 'my kettle came with a crack in it' >answer || fail 'the trained agent does not answer'
[ -s answer ] || fail 'the answer is empty'
hone job show latest --json | grep -q '"sign_descent"' || fail 'another optimizer was trained with'
[ -f "$(pkg-config --variable=plugindir hone)/optimizers/sign_descent.so" ] || fail "the guide's last command installs it elsewhere"
(unset HONE_PLUGIN_PATH; hone plugin inspect sign_descent >/dev/null) || fail 'it is not found where it was installed'

# Each kind.
for kind in optimizer scheduler paradigm model metric report generator; do
    hone plugin new $kind "my_$kind" >/dev/null 2>&1 || fail "plugin new $kind"
    make -s -C "my_$kind" check CC="${CC:-cc}" >out 2>&1 || fail "$kind: make check: $(cat out)"
    [ -f "$(sed -n 's/^`\(.*plugin-guide.md\)`.*/\1/p' "my_$kind/README.md")" ] || fail "$kind: the README names a guide that is not there"
    make -s -C "my_$kind" install DESTDIR="$tmp/there" CC="${CC:-cc}" >out 2>&1 || fail "$kind: make install: $(cat out)"
    find "$tmp/there" -path "*/${kind}s/my_$kind.so" | grep -q . || fail "$kind: installed elsewhere: $(find "$tmp/there" -name '*.so')"
done

# A Makefile of one's own.
cp my_optimizer/my_optimizer.c one.c
sed 's/my_optimizer/other/g' my_optimizer/my_optimizer.c >other.c
printf 'PLUGINS = one other\nKIND = optimizers\ninclude $(shell pkg-config --variable=pluginmk hone)\n' >Makefile
sed -i.bak 's/my_optimizer/one/g' one.c
make -s check install CC="${CC:-cc}" DESTDIR="$tmp/made" >out 2>&1 || fail "hone-plugin.mk: $(cat out)"
[ "$(find "$tmp/made" -path '*/optimizers/*.so' | wc -l)" -eq 2 ] || fail 'hone-plugin.mk: two plugins were not installed'
make -s clean && [ ! -f one.so ] || fail 'hone-plugin.mk: make clean'

# configure.ac of one's own.
[ "$(pkg-config --variable=abi hone)" = "$(awk '$2 ~ /^HONE_ABI_M(AJ|IN)OR$/ { printf "%s%s", d, $3; d = "." }' "$srcdir/include/hone/abi.h")" ] ||
    fail 'hone.pc has another abi than hone/abi.h'
if command -v autoconf >/dev/null 2>&1 && command -v aclocal >/dev/null 2>&1; then
    mkdir ac && cd ac || exit 99
    printf 'AC_INIT([p], [1])\nAC_PROG_CC\nHONE_PLUGIN_PREREQ([MINOR])\nAC_CONFIG_FILES([out])\nAC_OUTPUT\n' >configure.in.ac
    echo '@HONE_CFLAGS@|@HONE_PLUGIN_LDFLAGS@|@HONE_PLUGINDIR@|@HONE_ABI@' >out.in
    for minor in 1 99; do
        rm -rf autom4te.cache configure # they go by times in whole seconds
        sed "s/MINOR/$minor/" configure.in.ac >configure.ac
        aclocal -I "$prefix/share/aclocal" >../out 2>&1 && autoconf >>../out 2>&1 || fail "hone.m4: $(cat ../out)"
        ./configure CC="${CC:-cc}" >../out 2>&1
        status=$?
        [ $minor = 99 ] || [ $status -eq 0 ] || fail "hone.m4: configure: $(cat ../out)"
    done
    [ $status -ne 0 ] && grep -q 'must be 99 or later' ../out || fail "hone.m4 takes a version that is too low: $(cat ../out)"
    grep -q -e "-I$prefix/include .*-fvisibility=hidden|-module.*|$prefix/lib.*/hone/plugins-" out || fail "hone.m4 substitutes $(cat out)"
else
    echo 'hone.m4: skipped, there is no autoconf'
fi
echo 'the guide, each kind, hone.pc, hone-plugin.mk and hone.m4 work with an installed tree'
