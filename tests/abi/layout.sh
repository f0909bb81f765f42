#!/bin/sh
# The layout of the public structs and the values of the public constants are those of layout.golden (64-bit machines).
# A change that is meant is recorded with: UPDATE=1 sh tests/abi/layout.sh (and a line in the header's history).
srcdir=${srcdir:-.}
golden=$srcdir/tests/abi/layout.golden
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT

# shellcheck disable=SC2086
${CC:-cc} -std=c11 -I "$srcdir/include" -o "$tmp/layout" "$srcdir/tests/abi/layout.c" || exit 99
[ "$(getconf LONG_BIT)" = 64 ] || { echo "skipped: layout.golden is for 64-bit machines"; exit 77; }
{
    "$tmp/layout"
    cat "$srcdir"/include/hone/*.h | sed -n 's/^#define \(HONE_[A-Z0-9_]*\) \{1,\}\((\{0,1\}-\{0,1\}[0-9][0-9a-fx]*u\{0,1\})\{0,1\}\).*/constant \1 \2/p'
} >"$tmp/now"

# No struct may be left out of layout.c.
for name in $(sed -n 's/^struct \(hone_[a-z_]*\) {.*/\1/p' "$srcdir"/include/hone/*.h); do
    grep -q "^struct $name size" "$tmp/now" || { echo "layout.c leaves out struct $name"; exit 1; }
done
[ -n "$UPDATE" ] && cp "$tmp/now" "$golden" && echo "updated $golden"
diff -u "$golden" "$tmp/now" || {
    echo "the plugin interface changed: plugins built before would break."
    echo "If that is meant (major 0, or an appended field): UPDATE=1 sh tests/abi/layout.sh, and a line in the header's history."
    exit 1
}
