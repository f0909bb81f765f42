#!/bin/sh
# Every public header compiles alone, as C99, C11, C++11 and C++17, without a warning.
srcdir=${srcdir:-.}
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
bad=0

for header in "$srcdir"/include/hone/*.h; do
    name=hone/$(basename "$header")
    printf '#include "%s"\nextern int header_is_fine;\n' "$name" >"$tmp/one.c"
    cp "$tmp/one.c" "$tmp/one.cc"
    for std in c99 c11; do
        # shellcheck disable=SC2086
        ${CC:-cc} -std=$std -Wall -Wextra -Wshadow -Wstrict-prototypes -pedantic -Werror -I "$srcdir/include" \
            -fsyntax-only "$tmp/one.c" || { echo "$name: not fine as $std"; bad=1; }
    done
    for std in c++11 c++17; do
        ${CXX:-c++} --version >/dev/null 2>&1 || { echo "$name: $std skipped, there is no ${CXX:-c++}"; continue; }
        # shellcheck disable=SC2086
        ${CXX:-c++} -std=$std -Wall -Wextra -Wshadow -pedantic -Werror -I "$srcdir/include" \
            -fsyntax-only "$tmp/one.cc" || { echo "$name: not fine as $std"; bad=1; }
    done
done
exit $bad
