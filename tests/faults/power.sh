#!/bin/sh
# Simulated power loss in STATES states (2000) with SEED, and without each of our own syncs; see power.c. KEEP=DIR keeps record and state there.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"
. "$srcdir/tests/faults/lib.sh"
make_shim
dir=${KEEP:-$tmp/power}
mkdir -p "$dir"
HONE=$builddir/hone SHIM=$shim POWER_DIR=$dir POWER_PLACE=$ram srcdir=$srcdir "$builddir/tests/faults/power" ${STATES:-2000} ${SEED:-20261126}
status=$?
[ $status -eq 0 ] || { echo "the end of the daemon's log:"; grep -v '"method"' "$dir/daemon.log" | tail -n 20; }
exit $status
