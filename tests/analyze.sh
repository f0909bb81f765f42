#!/bin/sh
# tests/analyze.sh [quick|full] [TOOL...]: what compilers and analysers say of the sources without running them; ends with "N passed, N failed",
# one for each tool. quick, the default, takes about two minutes on two cores, full about a quarter of an hour. The tools:
#   clang     every .c file compiles without a warning under clang too, with the warnings that configure.ac sets
#   tidy      the checks of .clang-tidy but those that follow paths
#   cppcheck  warnings, performance, portability
#   gcc       full only: gcc -fanalyzer
#   paths     only by its name, since most of what it says is for reading: clang's analyser (clang-analyzer-*)
# A finding is mended, or stands in tests/analyze/known with the reason why it is none; a line there that nothing matches any more fails in full.
# Each tool must find the mistakes of tests/analyze/wrong.c. Needs no build, only a configured tree.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
tier=quick
case ${1-} in quick | full) tier=$1; shift ;; esac
[ $# -gt 0 ] || if [ $tier = full ]; then set -- clang tidy cppcheck gcc; else set -- clang tidy cppcheck; fi
sh "$top/etc/packages.sh" clang clang-tidy cppcheck || exit 1
[ -f "$top/build/config.status" ] || sh "$top/etc/build.sh" build --enable-werror || exit 1
cd "$top/build" || exit 1
logs=$PWD/tests/logs-analyze
mkdir -p "$logs"
flags=$(make -s list-flags | sed -n 's/^flags: //p') # make may say more
[ -n "$flags" ] || { echo "make list-flags tells no flags"; exit 1; }
export flags top

# core/program needs what a build with --enable-static-plugins makes; tests/abi/bad is wrong on purpose, tests/abi/headers-0.1 is history.
find ../core ../plugins ../tests/analyze -name '*.c' ! -path '*/program/*' | LC_ALL=C sort >"$logs/sources"
find ../tests -name '*.c' ! -path '*/abi/bad/*' ! -path '*/headers-0.1/*' ! -path '*/analyze/*' | LC_ALL=C sort | cat "$logs/sources" - >"$logs/all"

# findings FILE: of what a tool said, sorted: "CHECK FILE LINE TEXT".
findings() {
    sed -n -E "s,^[^ ]*/build/\.\./,,; s,^\.\./,,; s,^$top/,,; s/\[-Werror,/[/; s/(: (fatal )?error: .*[^]])$/\1 [error]/; s/fatal error/error/
        s/^([^: ]+):([0-9]+):([0-9]+:)? (warning|error|performance|portability): (.*)\[([^] ]*)\]\$/\6 \1 \2 \5/p" \
        "$1" | LC_ALL=C sort -u
}

passed=0
failed=0
for tool in "$@"; do
    begin=$(date +%s)
    rm -rf "$logs/$tool" "$logs/$tool".*
    list=$logs/sources
    sh "$top/tests/analyze/one.sh" "$tool" ../tests/analyze/wrong.c >"$logs/$tool.said" 2>&1
    if ! findings "$logs/$tool.said" | grep -q ' tests/analyze/wrong\.c '; then
        failed=$((failed + 1))
        head -n 5 "$logs/$tool.said" | cut -c1-500 | sed 's/^/    /'
        echo "FAIL $tool ($tier): does not find what is wrong in tests/analyze/wrong.c, of which it said this"
        continue
    fi
    [ "$tool" != clang ] || list=$logs/all
    if [ "$tool" = cppcheck ]; then
        sh "$top/tests/analyze/one.sh" cppcheck ../core ../plugins ../tests/analyze >"$logs/$tool.said" 2>&1
    else
        mkdir "$logs/$tool"
        # shellcheck disable=SC2016
        xargs -P"$(nproc)" -n1 sh -c 'sh "$top/tests/analyze/one.sh" "$0" "$2" >"$1/$0/$(echo "${2#../}" | tr / _)" 2>&1' "$tool" "$logs" <"$list"
        cat "$logs/$tool"/* >"$logs/$tool.said"
    fi
    findings "$logs/$tool.said" >"$logs/$tool.findings"
    sed -n "s/^$tool \([^ ]* [^ ]*\): .*/\1/p" "$top/tests/analyze/known" >"$logs/$tool.known"
    awk -v known="$logs/$tool.known" -v stale="$logs/$tool.stale" '
        BEGIN { while ((getline k <known) > 0) all[k] = 1 }
        $2 == "tests/analyze/wrong.c" { next }
        ($1 " " $2) in all { seen[$1 " " $2] = 1; next }
        { print }
        END { for (k in all) if (!(k in seen)) print k >stale }' "$logs/$tool.findings" >"$logs/$tool.new"
    if [ $tier = full ] && [ -s "$logs/$tool.stale" ]; then
        sed 's/$/: stands in tests\/analyze\/known and is not found any more/' "$logs/$tool.stale" >>"$logs/$tool.new"
    fi
    if [ -s "$logs/$tool.new" ]; then
        failed=$((failed + 1))
        head -n 40 "$logs/$tool.new" | sed 's/^/    /'
        echo "FAIL $tool ($tier): $(wc -l <"$logs/$tool.new") findings; all it said is in $logs/$tool.said"
    else
        passed=$((passed + 1))
        echo "ok   $tool ($tier): $(wc -l <"$list") files, $(wc -l <"$logs/$tool.known") known findings, $(($(date +%s) - begin)) s"
    fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
