#!/bin/sh
# tests/run.sh [--full] [--sanitize] [--valgrind] [--threads]: installs what is needed, builds in build/ with warnings as errors, runs the
# tests, as many at a time as there are processors, and ends with "N passed, N failed". Without an option all tests but the slow ones.
# --sanitize builds and runs once more with AddressSanitizer and UndefinedBehaviorSanitizer (in build-sanitize/), --valgrind runs the
# command-line tests' workers under valgrind, --threads the daemon under ThreadSanitizer (in build-tsan/), --full does all there is.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
tier=quick sanitize=no valgrind=no threads=no
for a in "$@"; do
    case $a in
    --sanitize) sanitize=yes ;;
    --valgrind) valgrind=yes ;;
    --threads) threads=yes ;;
    --full) tier=plain sanitize=yes valgrind=yes threads=yes ;;
    *) echo "usage: tests/run.sh [--full] [--sanitize] [--valgrind] [--threads]" >&2; exit 2 ;;
    esac
done
if [ $valgrind = yes ]; then
    sh "$top/etc/packages.sh" valgrind || exit 1
    # What looks at reports; its tests do without and say so.
    sh "$top/etc/packages.sh" chromium libxml2-utils || echo "no browser or no reader of XML could be installed"
else
    sh "$top/etc/packages.sh" || exit 1
fi
passed=0
failed=0
said=$(mktemp) || exit 1
ended=no # whether the closing line was said
beside= # what runs beside all else, and does not outlive this

# joined: waits for it. A shell tells how a job ended once only: it is not asked again. Fails when it failed.
joined() {
    [ -n "$beside" ] || return 0
    job=$beside beside=
    wait "$job" || { echo "what ran beside the other tests ended with status $?" >&2; return 1; }
}
ends() {
    rm -f "$said"
    joined
    [ $ended = yes ] || echo "the tests were not run to the end: $passed passed, $failed failed until then" >&2
}
trap ends EXIT
trap 'exit 1' HUP INT TERM
# Tests ask for memory that is not there; a sanitizer is to answer as malloc() would.
ASAN_OPTIONS=allocator_may_return_null=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}
export ASAN_OPTIONS

# What kills processes at every moment, preloads a shim of its own, measures chances, or looks from outside (a browser, npm): memory faults are
# found by the tests of the same code beside it, and with sanitizers these would take as long as all others.
plain_only='tests/faults/\(kill9\|power\|faulty\|sweep\|scarce\|pipeline_kill\|webhooks_kill\|threads\)\.sh\|tests/cli/\(feedback\|one_hash\|null\|report_page\|nightly\|stop\)\.sh\|tests/api/\(queue\|webhooks_npm\)\.sh\|tests/abi/packaging\.sh'

# Takes minutes, and tests what a change seldom breaks: left to --full.
slow='tests/faults/\(kill9\|power\|sweep\|scarce\)\.sh\|tests/cli/null\.sh'

# What measures how fast an answer comes: not beside another test.
alone='tests/faults/hostile_http\.sh'

# together LIST LOGS N: the tests of a list (a line each, with arguments), N at a time; their lines go to the output. Fails when one could
# not be judged, not when it failed.
together() {
    xargs -r -P "$3" -L 1 sh "$top/tests/one.sh" "$top" "$name" <"$1" || { echo "not all tests of $1 were run" >&2; return 1; }
}

# count LIST LOGS: adds up what the tests of a list counted, and keeps what is to be said once more of those that failed.
count() {
    while read -r t arguments; do
        log=$2/$(echo "$t" | tr / -)
        [ -e "$log.count" ] || continue
        read -r good bad <"$log.count"
        passed=$((passed + good))
        failed=$((failed + bad))
        [ "$bad" -eq 0 ] || { echo "$t (${2##*/logs-}): $bad failed"; grep -E 'FAIL|CU_ASSERT|ERROR: |WARNING: |runtime error: ' "$log.log" | head -n 8 | sed 's/^/    /'
            tail -n 4 "$log.log" | sed 's/^/    ... /'; } >>"$said"
    done <"$1"
}

# run_tests BUILD NAME PATTERN [PROGRAM]: the tests whose path matches, and for NAME sanitized is not plain_only, in that build; with all
# programs of the tests, or that one.
run_tests() {
    build=$1 name=$2 pattern=$3
    cd "$top/$build" || exit 1
    logs=$top/$build/tests/logs-$name
    rm -rf "$logs"
    mkdir -p "$logs"
    make -s -j"$(nproc)" ${4:-check TESTS=} >"$logs/build" || { cat "$logs/build"; exit 1; }
    make -s list-tests >"$logs/list" || exit 1
    case $name in
    sanitized) grep -v -e "$plain_only" "$logs/list" >"$logs/some" ;;
    quick) grep -v -e "$slow" "$logs/list" >"$logs/some" ;;
    *) cp "$logs/list" "$logs/some" ;;
    esac
    grep -e "$pattern" "$logs/some" >"$logs/chosen" || { echo "no test matches '$pattern'" >&2; exit 1; }
    grep -v -e "$alone" "$logs/chosen" >"$logs/beside"
    grep -e "$alone" "$logs/chosen" >"$logs/alone"
    together "$logs/beside" "$logs" "$(nproc)" || exit 1
    if [ -s "$logs/alone" ]; then
        joined || exit 1
        together "$logs/alone" "$logs" 1 || exit 1
    fi
}

counted() {
    count "$top/$1/tests/logs-$2/chosen" "$top/$1/tests/logs-$2"
}

sh "$top/etc/build.sh" build --enable-werror || exit 1
run_tests build $tier .
counted build $tier
if [ $valgrind = yes ]; then # on one processor, and beside the sanitizers
    (
        HONE_WORKER_WRAPPER='valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite --trace-children=yes'
        HONE_SANDBOX=off # valgrind does not know the kernel's calls for it
        export HONE_WORKER_WRAPPER HONE_SANDBOX
        run_tests build valgrind 'tests/cli/train\.sh'
    ) &
    beside=$!
fi
if [ $sanitize = yes ]; then
    sh "$top/etc/build.sh" build-sanitize --enable-werror --enable-sanitizers || exit 1
    run_tests build-sanitize sanitized .
    counted build-sanitize sanitized
fi
if [ $valgrind = yes ]; then
    joined || exit 1
    counted build valgrind
fi
if [ $threads = yes ]; then
    sh "$top/etc/build.sh" build-tsan --enable-werror --enable-thread-sanitizer || exit 1
    run_tests build-tsan threads 'tests/faults/threads\.sh' tests/faults/mixed
    counted build-tsan threads
fi
if [ $tier = plain ]; then # what builds for itself
    cd "$top/build" || exit 1
    name=proof logs=$top/build/tests/logs-proof
    rm -rf "$logs"
    mkdir -p "$logs"
    printf '%s\n' 'tests/analyze.sh quick' "tests/fuzz/run.sh ${FUZZ_SECONDS:-}" >"$logs/list"
    together "$logs/list" "$logs" 1 || exit 1
    count "$logs/list" "$logs"
fi
[ ! -s "$said" ] || { echo 'What failed, in short:'; cat "$said"; }
echo "$passed passed, $failed failed"
ended=yes
[ $failed -eq 0 ]
