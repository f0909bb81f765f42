#!/bin/sh
# A plugin that is built with include/ alone is found through HONE_PLUGIN_PATH, described, and trained with.
srcdir=${srcdir:-.}
builddir=${abs_top_builddir:-$PWD}
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT

fail() {
    echo "$*"
    exit 1
}

# The guide shows the file that is tested here.
sed -n '/^```c$/,/^```$/p' "$srcdir/docs/plugin-guide.md" | sed '1d; /^```$/,$d' >"$tmp/guide.c"
sed -n '/^#include/,$p' "$srcdir/tests/abi/example_optimizer.c" | diff - "$tmp/guide.c" ||
    fail "docs/plugin-guide.md shows another file than tests/abi/example_optimizer.c"

mkdir -p "$tmp/include" "$tmp/plugins"
cp -R "$srcdir/include/hone" "$tmp/include/"
# shellcheck disable=SC2086
${CC:-cc} -std=c11 -O2 -ffp-contract=off -fvisibility=hidden -shared -fPIC -Wall -Wextra -pedantic -Werror -Wl,-z,defs \
    -I "$tmp/include" -o "$tmp/plugins/sign_descent.so" "$srcdir/tests/abi/example_optimizer.c" ||
    fail "the example does not build"
chmod go-w "$tmp/plugins/sign_descent.so"
HONE_PLUGIN_PATH=$tmp/plugins
export HONE_PLUGIN_PATH

"$builddir/hone" plugin inspect "$tmp/plugins/sign_descent.so" --json >"$tmp/inspect" || fail "inspect failed"
grep -q weight_decay "$tmp/inspect" || fail "inspect does not show the settings: $(cat "$tmp/inspect")"
"$builddir/hone" plugin list --json >"$tmp/list" || fail "list failed"
grep -q sign_descent "$tmp/list" || fail "list does not find it through HONE_PLUGIN_PATH"

i=0
while [ $i -lt 40 ]; do
    printf '{"input":"the printer on floor %d has no paper left","output":"paper"}\n' $i
    printf '{"input":"my password number %d does not work any more","output":"password"}\n' $i
    i=$((i + 1))
done >"$tmp/data.jsonl"
"$builddir/hone" --state "$tmp/state" train --agent desk --data "$tmp/data.jsonl" --set optimizer=sign_descent --json \
    >"$tmp/train" 2>"$tmp/messages" || fail "training with it failed: $(cat "$tmp/messages" "$tmp/train")"
answer=$("$builddir/hone" --state "$tmp/state" ask desk --threshold 0 "there is no paper") || fail "ask failed"
echo "$answer" | grep -q paper || fail "it learned nothing: $answer"
echo "built, found, described, trained with"
