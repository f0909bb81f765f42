#!/bin/sh
# Which plugin files are loaded at all: who may have written them, which ones are pinned, and that what was checked is what is loaded.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"
mkdir -p "$tmp/plugins" "$tmp/lib"
umask 022
# build NAME SOURCE OPTION...
build() {
    build_to=$1 build_from=$2
    shift 2
    # shellcheck disable=SC2086
    ${CC:-cc} -std=gnu11 -O1 -shared -fPIC -fvisibility=hidden -w -I "$srcdir/include" -I "$srcdir/tests/abi/bad" -o "$build_to" "$build_from" "$@" || exit 99
}
build "$tmp/plugins/sound.so" "$srcdir/tests/abi/example_optimizer.c"
sound=$tmp/plugins/sound.so
hash=$(sha256sum <"$sound" | cut -d ' ' -f 1)

# inspect NAME STATUS ARGUMENT...
inspect() {
    inspect_name=$1 inspect_status=$2
    shift 2
    run "$inspect_name" "$inspect_status" plugin inspect "$@"
}
inspect good 0 "$sound"
has good "$hash" "pins = [\"$sound=$hash\"]"

# ---- who may write to it ----
chmod o+w "$sound"
inspect open_file 3 "$sound"
has open_file.err 'everybody may write to it (mode 757)'
chmod o-w "$sound"
chmod o+w "$tmp/plugins"
inspect open_dir 3 "$sound"
has open_dir.err 'others may put files into its directory (mode 757)'
chmod +t "$tmp/plugins"
inspect sticky 0 "$sound"
chmod o-w,-t "$tmp/plugins"
if [ "$(id -u)" = 0 ]; then
    chown 4711 "$sound"
    inspect foreign 3 "$sound"
    has foreign.err 'it belongs to user 4711'
    chown 0:4711 "$sound"
    inspect foreign_group 0 "$sound"
    chmod g+w "$sound"
    inspect open_group 3 "$sound"
    has open_group.err 'group 4711 may write to it'
    chown 0:0 "$sound"
    inspect own_group 0 "$sound"
    chmod g-w "$sound"
    chown 4711 "$tmp/plugins"
    inspect foreign_dir 3 "$sound"
    has foreign_dir.err 'its directory belongs to user 4711'
    chown 0 "$tmp/plugins"
fi

# ---- links lead to where they lead, and that place is judged ----
mkdir -m 757 "$tmp/open"
cp "$sound" "$tmp/open/sound.so"
ln -s "$tmp/open/sound.so" "$tmp/lib/link.so"
inspect link_out 3 "$tmp/lib/link.so"
has link_out.err 'others may put files into its directory'
ln -s "$sound" "$tmp/open/link.so"
inspect link_in 0 "$tmp/open/link.so"
ln -s "$tmp/lib/nothing.so" "$tmp/lib/dangling.so"
ln -s "$tmp/lib/loop.so" "$tmp/lib/loop.so"
inspect dangling 4 "$tmp/lib/dangling.so"
inspect loop 4 "$tmp/lib/loop.so"

# ---- the loader gets the open file, not its name ----
cat >"$tmp/named.c" <<'X'
#define _GNU_SOURCE
#include <dlfcn.h>
#include "bad.h"
static int begin(const struct hone_host *host, struct hone_err *err)
{
    Dl_info i = { 0 };
    (void)host;
    dladdr((void *)begin, &i);
    return hone_fail(err, HONE_EINVAL, "loaded as %s", i.dli_fname);
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
X
build "$tmp/plugins/named.so" "$tmp/named.c"
inspect by_descriptor 3 "$tmp/plugins/named.so"
has by_descriptor.err 'loaded as /proc/self/fd/'
HONE_SANDBOX=off inspect by_path 3 "$tmp/plugins/named.so" # debuggers know files by their paths
has by_path.err "loaded as $tmp/plugins/named.so"

# ---- libraries beside a plugin ----
printf 'double hone_test_answer(void) { return 42; }\n' >"$tmp/answer.c"
build "$tmp/plugins/libanswer.so" "$tmp/answer.c" -fvisibility=default
cat >"$tmp/origin.c" <<'X'
#include "bad.h"
double hone_test_answer(void);
static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host;
    return hone_test_answer() == 42 ? 0 : hone_fail(err, HONE_EINVAL, "another library");
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
X
build "$tmp/plugins/origin.so" "$tmp/origin.c" -L "$tmp/plugins" -lanswer "-Wl,-rpath,\$ORIGIN"
HONE_PLUGIN_PATH=$tmp/plugins:$HONE_PLUGIN_PATH inspect origin 0 origin

# ---- pins ----
HONE_PLUGIN_PATH=$tmp/plugins:$HONE_PLUGIN_PATH
export HONE_PLUGIN_PATH
other=$(printf '%064d' 7)
inspect by_name 0 sound
has by_name "pins = [\"sound.so=$hash\"]"
mkdir "$tmp/work"
cd "$tmp/work" || exit 99
builddir=$(cd "$OLDPWD" && cd "$builddir" && pwd) data=$(cd "$OLDPWD" && cd "$(dirname "$data")" && pwd)/$(basename "$data")
# pin PIN...: hone.conf with these pins
pin() {
    printf 'plugins: { pins = [ "%s" ] };\n' "$(echo "$@" | sed 's/ /", "/g')" >hone.conf
}
pin "sound.so=$hash"
run pinned 0 train --agent pinned --data "$data" --set epochs=1 --set optimizer=sign_descent --quiet
pin "sound.so=$other"
run unpinned 1 train --agent unpinned --data "$data" --set epochs=1 --set optimizer="$sound" --quiet
has unpinned.err "its SHA-256 is $hash, but plugins.pins has $other for it"
inspect mismatch 3 sound
run others 0 train --agent others --data "$data" --set epochs=1 --set optimizer=adam --quiet
pin "sound.so=$other" "sound.so=$hash"
inspect either 0 sound
pin "$sound=$other"
inspect path_mismatch 3 "$sound"
has path_mismatch.err "its SHA-256 is $hash"
pin "sund.so=$hash"
run typo 3 train --agent typo --data "$data" --set epochs=1 --quiet
has typo.err "plugins.pins: there is no plugin file 'sund.so'; did you mean 'sound.so'?"
pin "sound.so=1234"
run malformed 3 plugin list
has malformed.err 'hone.conf:1: plugins.pins: expected a list of FILE=SHA256'
printf 'plugins: { pin = [ "sound.so=%s" ] };\n' "$hash" >hone.conf
run misspelt 3 plugin list
has misspelt.err "did you mean 'plugins.pins'?"
rm hone.conf
finish
