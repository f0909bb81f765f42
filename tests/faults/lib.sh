# What the scripts of tests/faults share, after tests/cli/lib.sh. Not a test itself.

# make_shim: builds the library of shim.c; its name is in $shim. Programs under AddressSanitizer are told to bear it in front of theirs.
make_shim() {
    shim=$tmp/shim.so
    ${CC:-cc} -std=gnu11 -D_GNU_SOURCE -Wall -O1 -shared -fPIC -fno-builtin -o "$shim" "$srcdir/tests/faults/shim.c" "$srcdir/tests/faults/shim_memory.c" -ldl || exit 99
    ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0:detect_leaks=0
    export ASAN_OPTIONS
}

# A directory in memory for what is written and thrown away thousands of times.
ram=$tmp
if [ -d /dev/shm ] && [ -w /dev/shm ]; then
    ram=$(mktemp -d /dev/shm/hone-test.XXXXXX) || exit 99
    trap 'rm -rf "$tmp" "$ram"' EXIT
fi
