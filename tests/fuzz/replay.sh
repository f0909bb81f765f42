#!/bin/sh
# The stored inputs of tests/fuzz/corpus through their targets, also changed a little: see replay.c. Needs no clang; runs in every build.
srcdir=${srcdir:-.}
builddir=${abs_top_builddir:-$PWD}
HONE_PLUGIN_PATH=${HONE_PLUGIN_PATH:-$builddir/plugins}
LSAN_OPTIONS=suppressions=$srcdir/tests/fuzz/lsan.supp:print_suppressions=0
export HONE_PLUGIN_PATH LSAN_OPTIONS
# shellcheck disable=SC2046
exec "$builddir/tests/fuzz/fuzz" "$srcdir/tests/fuzz/corpus" $("$builddir/tests/fuzz/fuzz")
