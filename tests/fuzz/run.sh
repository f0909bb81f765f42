#!/bin/sh
# run.sh [--memory] [SECONDS [TARGET...]]: the targets of tests/fuzz with libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer, two at a time
# (FUZZ_JOBS), from tests/fuzz/corpus on. Without SECONDS, or with 0, each one has as many inputs as tests/fuzz/runs says, from a fixed seed: the same
# ones in the same build, on any machine; FUZZ_SHARE=N: the first Nth part of them. With SECONDS it has that long, from a seed of its own (printed;
# SEED), and what is new grows BUILD/corpus. An input that was too much lies in BUILD/found, and goes into tests/fuzz/corpus/TARGET when its cause is
# mended.
# --memory: with MemorySanitizer instead, which sees values that were never written, and a tenth of the inputs; the libraries of others are then
# built so as well, see foreign.sh. Builds in build-fuzz/, or build-memory/, with clang, which it installs.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
build=build-fuzz sanitizers=address,undefined cflags='-g -O1' share=${FUZZ_SHARE:-1}
if [ "${1:-}" = --memory ]; then
    build=build-memory sanitizers=memory cflags='-g -O1 -fsanitize-memory-track-origins' share=$((share * 10))
    shift
fi
seconds=${1:-0}
[ $# -eq 0 ] || shift
sh "$top/etc/packages.sh" clang-14 libclang-rt-14-dev || exit 1
if [ $build = build-memory ]; then
    sh "$top/tests/fuzz/foreign.sh" "$top/$build/foreign" || exit 1
fi
plugins='plugins/models/linear.la plugins/models/bow.la plugins/models/transformer.la plugins/paradigms/supervised.la plugins/optimizers/adamw.la'
for s in "$top"/plugins/schedulers/*.c; do
    plugins="$plugins plugins/schedulers/$(basename "$s" .c).la"
done
GOALS="tests/fuzz/fuzz $plugins" sh "$top/etc/build.sh" $build --enable-fuzzing=$sanitizers CC="${FUZZ_CC:-clang-14}" CFLAGS="$cflags" || exit 1
cd "$top/$build" || exit 1
HONE_PLUGIN_PATH=$PWD/plugins FUZZ_CORPUS=$top/tests/fuzz/corpus
LSAN_OPTIONS=suppressions=$top/tests/fuzz/lsan.supp:print_suppressions=0 UBSAN_OPTIONS=print_stacktrace=1 ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1
MSAN_OPTIONS=allocator_may_return_null=1
export HONE_PLUGIN_PATH FUZZ_CORPUS LSAN_OPTIONS UBSAN_OPTIONS ASAN_OPTIONS MSAN_OPTIONS
if [ $build = build-memory ]; then
    LD_LIBRARY_PATH=$PWD/foreign
    export LD_LIBRARY_PATH
    for l in foreign/lib*; do
        ldd tests/fuzz/fuzz | grep -qF "$PWD/$l " || { echo "tests/fuzz/fuzz does not take $l"; exit 1; }
    done
fi
mkdir -p found seeds
tests/fuzz/fuzz 2>/dev/null | LC_ALL=C sort >names
cut -d ' ' -f 1 "$top/tests/fuzz/runs" | LC_ALL=C sort | diff names - || { echo 'tests/fuzz/runs has to name each target'; exit 1; }
# shellcheck disable=SC2046
[ $# -gt 0 ] || set -- $(cat names)
for t in "$@"; do
    runs=$(sed -n "s/^$t //p" "$top/tests/fuzz/runs")
    [ -n "$runs" ] || { echo "there is no target '$t'" >&2; exit 1; }
    find "$FUZZ_CORPUS/$t" -type f | LC_ALL=C sort | paste -s -d , | tr -d '\n' >"seeds/$t"
    if [ "$seconds" -gt 0 ]; then
        mkdir -p "corpus/$t"
        echo "$t -seed=${SEED:=$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')} -max_total_time=$seconds -timeout=10 corpus/$t"
    else
        echo "$t -seed=1 -runs=$((runs / share)) -timeout=300"
    fi
done >targets || exit 1
[ "$seconds" -eq 0 ] || echo "SEED=$SEED"
begun=$(date +%s)
# Without the kernel's disorder of addresses, where that can be had: targets compare and sort by some.
fixed="setarch $(uname -m) -R"
$fixed true 2>/dev/null || fixed=
# shellcheck disable=SC2016
<targets xargs -P "${FUZZ_JOBS:-2}" -L 1 sh -c 't=$1
    shift
    FUZZ_TARGET=$t $0 tests/fuzz/fuzz "$@" -seed_inputs="@seeds/$t" -reload=0 -rss_limit_mb=2048 -max_len=16384 -artifact_prefix="found/$t-" >"log-$t" 2>&1
    status=$?
    done=$(sed -n "s/^Done \([0-9]*\) runs in \([0-9]*\) .*/\1 inputs, \2 s/p" "log-$t")
    if [ $status -eq 0 ]; then
        echo "ok   $t: $done"
    else
        echo "FAIL $t: exit status $status"
        grep -v "^#" "log-$t" | tail -n 40 | sed "s/^/    /"
        exit 1
    fi' "$fixed"
status=$?
echo "$(wc -l <targets | tr -d ' ') targets in $(($(date +%s) - begun)) s"
[ $status -eq 0 ]
