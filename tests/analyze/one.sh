#!/bin/sh
# one.sh TOOL FILE...: what a tool says of files; called by tests/analyze.sh in the build folder, with flags and top in the environment.
tool=$1
shift
if [ "$tool" = cppcheck ]; then # knows neither compilers' flags nor the system's headers
    # varFuncNullUB: NULL may be 0 in ISO C; POSIX demands (void *)0.
    exec cppcheck --quiet --enable=warning,performance,portability --suppress=varFuncNullUB --std=c11 -D__cppcheck__ -D_GNU_SOURCE -DHAVE_CONFIG_H \
        -I. -I"$top" -I"$top/include" --include="$top/tests/analyze/models.h" --template='{file}:{line}: {severity}: {message} [{id}]' "$@"
fi
file=$1
eval "set -- $flags" '-DHONE_BINDIR='\''"b"'\' '-DHONE_LIBEXECDIR='\''"l"'\' # the last two as core/base and core/jobs have them
case $tool in
clang) exec clang "$@" -fsyntax-only "$file" ;;
tidy) exec clang-tidy --quiet '--checks=-clang-analyzer-*' "$file" -- "$@" -include "$top/tests/analyze/models.h" ;;
paths)
    # Padding of structs and the size of an allocation that a count gives are no mistakes; Annex K of C11 is in no C library of ours.
    exec clang-tidy --quiet '--checks=-*,clang-analyzer-*,-clang-analyzer-optin.*,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling' \
        "$file" -- "$@" -DMODEL_FAILURES -include "$top/tests/analyze/models.h"
    ;;
gcc)
    # gcc 12 loses sight of memory that a structure behind a pointer owns, and of arrays that a loop fills: it saw leaks and uninitialised values
    # at 53 places, all were read, and none is one. AddressSanitizer and valgrind look for leaks, MemorySanitizer
    # (tests/fuzz/run.sh --memory) and valgrind for such values.
    exec gcc "$@" -Wno-error -fanalyzer -Wno-analyzer-malloc-leak -Wno-analyzer-use-of-uninitialized-value \
        -include "$top/tests/analyze/models.h" -c -o /dev/null "$file"
    ;;
*) echo "$file:1: error: no tool $tool [tool]"; exit 1 ;;
esac
