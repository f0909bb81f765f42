#!/bin/sh
# Builds all bad plugins into the directory $1, with files beside them that are no plugins at all.
# Called by the tests that try them; needs a C compiler and include/ only.
srcdir=${srcdir:-.}
out=$1
mkdir -p "$out" || exit 99
for source in "$srcdir"/tests/abi/bad/*.c; do
    # shellcheck disable=SC2086
    ${CC:-cc} -std=gnu11 -O1 -shared -fPIC -fvisibility=hidden -w -I "$srcdir/include" \
        -o "$out/$(basename "$source" .c).so" "$source" || exit 99
done
head -c 3000 "$out/null_update.so" >"$out/cut.so"
printf 'int main;\n' >"$out/text.so"
: >"$out/empty.so"
mkdir -p "$out/directory.so"
[ -p "$out/pipe.so" ] || mkfifo "$out/pipe.so"
chmod -R go-w "$out"
