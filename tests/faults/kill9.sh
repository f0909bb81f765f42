#!/bin/sh
# kill -9 of the daemon and its workers at random moments under load, KILLS times (100) with SEED; see kill9.c. KEEP=DIR keeps state,
# ledger and log there.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"
dir=${KEEP:-$tmp/kill9}
mkdir -p "$dir"
HONE=$builddir/hone KILL9_DIR=$dir srcdir=$srcdir "$builddir/tests/faults/kill9" ${KILLS:-100} ${SEED:-20261126}
status=$?
[ $status -eq 0 ] || { echo "the end of the daemon's log:"; grep -v '"method"' "$dir/daemon.log" | tail -n 20; }
exit $status
