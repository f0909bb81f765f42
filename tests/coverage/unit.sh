#!/bin/sh
# The unit suites for tests/coverage.sh, each in a process of its own: what one counted is kept when another is ended, and the log tells which one takes long.
# Without token_time, which measures time, what takes minutes at the end, and with twenty runs of what is simulated by the hundred. `unit.sh SUITE...`: these.
long='decoder growth transformer'
suites="$(sed -n 's/^SUITE(\([a-z_]*\))$/\1/p' "$srcdir/tests/unit/suites.h" | grep -v -x -E "token_time|$(echo $long | tr ' ' '|')") $long"
HONE_TEST_RUNS=20
export HONE_TEST_RUNS
passed=0 failed=0
for suite in ${*:-$suites}; do
    said=$("$abs_top_builddir/tests/unit/hone-unit" "$suite" 2>&1)
    line=$(echo "$said" | grep -E '^[0-9]+ passed, [0-9]+ failed$')
    if [ -n "$line" ]; then
        passed=$((passed + ${line%% *}))
        bad=$(echo "$line" | sed 's/.*, \([0-9]*\) .*/\1/')
    else
        bad=1
    fi
    failed=$((failed + bad))
    [ "$bad" -eq 0 ] || printf '%s: %s\n' "$suite" "$said"
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
