#!/bin/sh
# The long tiers of the tests of faults, one after the other: sh tests/faults/full.sh in a build tree (srcdir and abs_top_builddir as for the
# scripts themselves). Not a part of `make check`. Ends with the number of those that failed.
srcdir=${srcdir:-.}
export srcdir
bad=0
long() {
    echo "== $*"
    env "$@" || bad=$((bad + 1))
}
long KILLS=10000 sh "$srcdir/tests/faults/kill9.sh"
long STEP=1 sh "$srcdir/tests/faults/sweep.sh"
long POINTS=50 sh "$srcdir/tests/faults/scarce.sh"
long RUNS=100 sh "$srcdir/tests/cli/one_hash.sh"
long STATES=50000 sh "$srcdir/tests/faults/power.sh"
long KILLS=1000 sh "$srcdir/tests/faults/webhooks_kill.sh"
long MUTANTS=20000 sh "$srcdir/tests/faults/plugins.sh"
long MINUTES=10 sh "$srcdir/tests/faults/soak.sh"
echo "$bad failed"
[ $bad -eq 0 ]
