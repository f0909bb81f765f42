#!/bin/sh
# tests/run.sh [--sanitize] [--valgrind] [--threads] [--all]: installs what is needed, builds in build/ with warnings as errors, runs every
# test, and ends with "N passed, N failed". --sanitize builds and runs once more with AddressSanitizer and UndefinedBehaviorSanitizer
# (in build-sanitize/), --valgrind runs the command-line tests' workers under valgrind, --threads the daemon under ThreadSanitizer (in
# build-tsan/), --all does all of it.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
sanitize=no valgrind=no threads=no
for a in "$@"; do
    case $a in
    --sanitize) sanitize=yes ;;
    --valgrind) valgrind=yes ;;
    --threads) threads=yes ;;
    --all) sanitize=yes valgrind=yes threads=yes ;;
    *) echo "usage: tests/run.sh [--sanitize] [--valgrind] [--threads] [--all]" >&2; exit 2 ;;
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
# Tests ask for memory that is not there; a sanitizer is to answer as malloc() would.
ASAN_OPTIONS=allocator_may_return_null=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}
export ASAN_OPTIONS

# What kills processes at every moment, preloads a shim of its own, measures chances, or looks from outside (a browser, npm): memory faults are
# found by the tests of the same code beside it, and with sanitizers these would take as long as all others.
plain_only='tests/faults/\(kill9\|power\|faulty\|sweep\|pipeline_kill\|webhooks_kill\|threads\)\.sh\|tests/cli/\(feedback\|null\|report_page\|nightly\|stop\)\.sh\|tests/api/\(queue\|webhooks_npm\)\.sh'

# run_tests BUILD NAME PATTERN [PROGRAM]: the tests whose path matches, and for NAME sanitized is not plain_only, in that build; with all
# programs of the tests, or that one.
run_tests() {
    build=$1 name=$2 pattern=$3
    cd "$top/$build" || exit 1
    logs=$top/$build/tests/logs-$name
    mkdir -p "$logs"
    make -s -j"$(nproc)" ${4:-check TESTS=} >"$logs/build" || { cat "$logs/build"; exit 1; }
    make -s list-tests >"$logs/list" || exit 1
    [ "$name" != sanitized ] || { grep -v -e "$plain_only" "$logs/list" >"$logs/some" && mv "$logs/some" "$logs/list"; }
    grep -e "$pattern" "$logs/list" >"$logs/chosen" || { echo "no test matches '$pattern'"; exit 1; }
    while read -r t; do
        log=$logs/$(basename "$t").log
        case $t in
        *.sh) set -- sh "$top/$t" ;;
        *) set -- "./$t" ;;
        esac
        begin=$(date +%s)
        srcdir=$top abs_top_builddir=$PWD HONE_PLUGIN_PATH=$PWD/plugins "$@" >"$log" 2>&1 </dev/null
        status=$?
        line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1)
        good=${line%% *} bad=$(echo "$line" | sed 's/.*, \([0-9]*\) failed/\1/')
        if [ -z "$line" ]; then # a script without counts is one test
            [ $status -eq 0 ] && good=1 bad=0 || { good=0; bad=1; }
        fi
        if [ $status -eq 77 ]; then
            echo "skip $t: $(tail -n 1 "$log")"
            continue
        fi
        [ $status -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
        passed=$((passed + good))
        failed=$((failed + bad))
        if [ "$bad" -gt 0 ]; then
            sed 's/^/    /' "$log"
            echo "FAIL $t ($name): $good passed, $bad failed, exit status $status"
        else
            echo "ok   $t ($name): $good passed in $(($(date +%s) - begin)) s"
        fi
    done <"$logs/chosen"
}

sh "$top/etc/build.sh" build --enable-werror || exit 1
run_tests build plain .
if [ $sanitize = yes ]; then
    sh "$top/etc/build.sh" build-sanitize --enable-werror --enable-sanitizers || exit 1
    run_tests build-sanitize sanitized .
fi
if [ $valgrind = yes ]; then
    HONE_WORKER_WRAPPER='valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite --trace-children=yes'
    HONE_SANDBOX=off # valgrind does not know the kernel's calls for it
    export HONE_WORKER_WRAPPER HONE_SANDBOX
    run_tests build valgrind 'tests/cli/train\.sh'
fi
if [ $threads = yes ]; then
    sh "$top/etc/build.sh" build-tsan --enable-werror --enable-thread-sanitizer || exit 1
    run_tests build-tsan threads 'tests/faults/threads\.sh' tests/faults/mixed
fi
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
