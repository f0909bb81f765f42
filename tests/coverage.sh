#!/bin/sh
# tests/coverage.sh [report | more TEST...]: builds in build-coverage/ so that lines and branches are counted, runs the tests of `make check` with the
# exceptions of tests/coverage/exceptions (not: not run; first: begun first; unjudged: may fail), and prints what ran of core/ and plugins/, by
# folder, of the files that lack most, and of all. Fails below a bar (LINES 90, BRANCHES 80 per cent) and when a test failed. Half an hour to an
# hour on two cores.
#   report        prints what is counted so far
#   more TEST...  runs these tests (one with arguments is one word) and adds what they count; a file that changed since begins anew
# What counts: each line with code and each branch of gcc -O0 (`if (a && b)` has four), in all processes and threads that end by themselves. gcc's
# branches on lines without code are left out, and nothing else is: no failure path, no assertion, no file. What is compiled for several processors
# is compiled once. Workers are fenced in as ever, but for a folder where their counters are written (tests/coverage/fence.c). What a signal kills
# loses its counts.
# tests/faults/scarce.sh fails POINTS (3) calls of each kind in each scenario.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
build=$top/build-coverage
unset HONE_DATA # trains for long, on code that the small examples reach
POINTS=${POINTS:-3}
LIMIT=${LIMIT:-14400} # seconds for a test: what counts is slow, and the unit suites are one
GCOV_PREFIX=$build/counters                               # a folder of their own, since workers may write there
GCOV_PREFIX_STRIP=$(printf %s "$build" | tr -cd / | wc -c)
export POINTS LIMIT GCOV_PREFIX GCOV_PREFIX_STRIP
sh "$top/etc/packages.sh" gcovr || exit 1

# Lines for which gcov gives negative branches, as of a process that died while it wrote its counters, are skipped and named.
report() {
    cd "$top" && cp -R "$GCOV_PREFIX/." "$build" || exit 1
    gcovr -j "$(nproc)" -r . --object-directory "$build" --filter core/ --filter plugins/ --exclude-unreachable-branches --gcov-ignore-parse-errors \
        --csv "$build/coverage.csv" "$build" >"$build/coverage.log" 2>&1 || { cat "$build/coverage.log"; exit 1; }
    grep "taken -" "$build/coverage.log" | sort -u
    awk -v lines="${LINES:-90}" -v branches="${BRANCHES:-80}" -f tests/coverage/report.awk "$build/coverage.csv"
}

case ${1-} in
report) report; exit ;;
more) shift; [ $# -gt 0 ] || { echo "more which tests?" >&2; exit 2; } ;;
'') ;;
*) echo "usage: tests/coverage.sh [report | more TEST...]" >&2; exit 2 ;;
esac
sh "$top/etc/build.sh" build-coverage --enable-coverage || exit 1
cd "$build" || exit 1
logs=tests/logs-coverage
mkdir -p "$logs" "$GCOV_PREFIX"
make -s -j"$(nproc)" check TESTS= >"$logs/build" 2>&1 || { cat "$logs/build"; exit 1; }
if [ $# -gt 0 ]; then
    printf '%s\n' "$@" >"$logs/list"
else
    find . -name '*.gcda' -delete # the counters, and what a report copied
    sed -n 's/^not \([^ ]*\) .*/\1/p' "$top/tests/coverage/exceptions" >"$logs/left-out"
    sed -n 's/^first \([^ ]*\) .*/\1/p' "$top/tests/coverage/exceptions" >"$logs/first"
    make -s list-tests | grep -v -x -F -f "$logs/left-out" | sed 's,^tests/unit/hone-unit$,tests/coverage/unit.sh,' >"$logs/all" || exit 1
    { cat "$logs/first"; grep -v -x -F -f "$logs/first" "$logs/all"; } >"$logs/list"
fi
rm -f "$logs"/*.count
# One processor for each: threads that count the same line on two would wait for each other.
# shellcheck disable=SC2016
xargs -r -P "$(nproc)" -L 1 --process-slot-var=SLOT sh -c 'exec taskset -c "$SLOT" sh "$0/tests/one.sh" "$0" coverage "$@"' "$top" <"$logs/list"
for t in $(sed -n 's/^unjudged \([^ ]*\) .*/\1/p' "$top/tests/coverage/exceptions"); do
    rm -f "$logs/$(echo "$t" | tr / -).count"
done
report
status=$?
cat "$build/$logs"/*.count /dev/null | awk -v status=$status '{ good += $1; bad += $2 } END { print good + 0 " passed, " bad + 0 " failed"; exit status || bad > 0 }'
