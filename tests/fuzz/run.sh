#!/bin/sh
# run.sh [SECONDS] [TARGET...]: every target of tests/fuzz with libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer for SECONDS (60), two at
# a time (FUZZ_JOBS), from tests/fuzz/corpus on. What is new grows build-fuzz/corpus; an input that was too much lies in build-fuzz/found, and goes
# into tests/fuzz/corpus/TARGET when its cause is mended. Builds in build-fuzz/ with clang, which it installs.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
seconds=${1:-60}
[ $# -eq 0 ] || shift
sh "$top/etc/packages.sh" clang-14 libclang-rt-14-dev || exit 1
plugins='plugins/models/linear.la plugins/models/bow.la plugins/models/transformer.la plugins/paradigms/supervised.la plugins/optimizers/adamw.la'
for s in "$top"/plugins/schedulers/*.c; do
    plugins="$plugins plugins/schedulers/$(basename "$s" .c).la"
done
GOALS="tests/fuzz/fuzz $plugins" sh "$top/etc/build.sh" build-fuzz --enable-fuzzing CC="${FUZZ_CC:-clang-14}" CFLAGS='-g -O1' || exit 1
cd "$top/build-fuzz" || exit 1
HONE_PLUGIN_PATH=$PWD/plugins FUZZ_CORPUS=$top/tests/fuzz/corpus
LSAN_OPTIONS=suppressions=$top/tests/fuzz/lsan.supp:print_suppressions=0 UBSAN_OPTIONS=print_stacktrace=1 ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1
export HONE_PLUGIN_PATH FUZZ_CORPUS LSAN_OPTIONS UBSAN_OPTIONS ASAN_OPTIONS
mkdir -p found
# The targets by their folders: replay.sh fails for a target without one.
[ $# -gt 0 ] || { cd "$FUZZ_CORPUS" && set -- *; cd "$top/build-fuzz" || exit 1; }
for t in "$@"; do
    [ "$t" = sound_folder ] || echo "$t"
done >targets
begun=$(date +%s)
# shellcheck disable=SC2016
xargs -P "${FUZZ_JOBS:-2}" -n 1 sh -c 'mkdir -p "corpus/$1"
    FUZZ_TARGET=$1 tests/fuzz/fuzz "corpus/$1" "$FUZZ_CORPUS/$1" -max_total_time="$0" -timeout=10 -rss_limit_mb=1024 -max_len=16384 -artifact_prefix="found/$1-" >"log-$1" 2>&1
    status=$?
    done=$(sed -n "s/^Done \([0-9]*\) runs.*/\1/p" "log-$1")
    if [ $status -eq 0 ]; then echo "ok   $1: ${done:-0} inputs"; else echo "FAIL $1: exit status $status"; grep -v "^#" "log-$1" | tail -n 40 | sed "s/^/    /"; exit 1; fi' "$seconds" <targets
status=$?
echo "$(wc -l <targets | tr -d ' ') targets in $(($(date +%s) - begun)) s"
[ $status -eq 0 ]
