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
# shellcheck disable=SC2086
if command -v ${CXX:-c++} >/dev/null; then
    for source in "$srcdir"/tests/abi/bad/*.cc; do
        ${CXX:-c++} -std=gnu++20 -O1 -shared -fPIC -fvisibility=hidden -w -I "$srcdir/include" -o "$out/$(basename "$source" .cc).so" "$source" || exit 99
    done
fi
# A good one, and what can be wrong with its ELF header: patch NAME OFFSET OCTAL-BYTES.
patch() {
    cp "$out/null_update.so" "$out/$1.so"
    # shellcheck disable=SC2059
    printf "$3" | dd of="$out/$1.so" bs=1 seek="$2" conv=notrunc 2>/dev/null
}
patch elf_class 4 '\001'
patch elf_order 5 '\002'
patch elf_machine 18 '\377\000'
patch elf_headers 54 '\001\000'
patch elf_far 32 '\000\000\000\177'
head -c 40 "$out/null_update.so" >"$out/elf_short.so"
# shellcheck disable=SC2086
${CC:-cc} -std=gnu11 -fPIC -w -c -I "$srcdir/include" -o "$out/elf_object.so" "$srcdir/tests/abi/bad/null_update.c" || exit 99
mkdir -p "$out/lib"
printf 'int hone_nothing(void) { return 0; }\n' >"$out/lib/nothing.c"
# shellcheck disable=SC2086
${CC:-cc} -shared -fPIC -o "$out/lib/libnothing_of_hone.so" "$out/lib/nothing.c" &&
    ${CC:-cc} -std=gnu11 -O1 -shared -fPIC -fvisibility=hidden -w -I "$srcdir/include" -o "$out/needs_missing.so" "$srcdir/tests/abi/bad/null_update.c" \
        -Wl,--no-as-needed -L "$out/lib" -lnothing_of_hone || exit 99
rm -r "$out/lib"
ln -sf "$out/nowhere.so" "$out/dangling.so"
ln -sf loop.so "$out/loop.so"
cp "$out/null_update.so" "$out/world_writable.so"
head -c 3000 "$out/null_update.so" >"$out/cut.so"
printf 'int main;\n' >"$out/text.so"
: >"$out/empty.so"
mkdir -p "$out/directory.so"
[ -p "$out/pipe.so" ] || mkfifo "$out/pipe.so"
chmod -R go-w "$out"
chmod o+w "$out/world_writable.so"
