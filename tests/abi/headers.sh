#!/bin/sh
# Every public header compiles alone, as C11 and as C++17, without a warning.
srcdir=${srcdir:-.}
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
bad=0

for header in "$srcdir"/include/hone/*.h; do
    name=hone/$(basename "$header")
    printf '#include "%s"\nextern int header_is_fine;\n' "$name" >"$tmp/one.c"
    cp "$tmp/one.c" "$tmp/one.cc"
    # shellcheck disable=SC2086
    ${CC:-cc} -std=c11 -Wall -Wextra -Wshadow -Wstrict-prototypes -pedantic -Werror -I "$srcdir/include" \
        -fsyntax-only "$tmp/one.c" || { echo "$name: not fine as C11"; bad=1; }
    if command -v "${CXX:-c++}" >/dev/null 2>&1; then
        # shellcheck disable=SC2086
        ${CXX:-c++} -std=c++17 -Wall -Wextra -Wshadow -pedantic -Werror -I "$srcdir/include" \
            -fsyntax-only "$tmp/one.cc" || { echo "$name: not fine as C++17"; bad=1; }
    else
        echo "$name: C++17 skipped, there is no ${CXX:-c++}"
    fi
done
exit $bad
