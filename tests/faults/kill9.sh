#!/bin/sh
# kill -9 of the daemon and its workers under load (see kill9.c): once at each point of core/base/crash.h, then KILLS times (500) at random
# moments with SEED, for at most SECONDS_MOST (240; 0: as long as it takes). KEEP=DIR keeps state, ledger and log there.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"
dir=${KEEP:-$tmp/kill9}
if [ -z "$SECONDS_MOST" ]; then
    SECONDS_MOST=240
    [ -z "$KILLS" ] || SECONDS_MOST=0
fi

# killed WHAT ARGUMENT...
killed() {
    mkdir -p "$dir/$1"
    HONE=$builddir/hone KILL9_DIR=$dir/$1 srcdir=$srcdir "$builddir/tests/faults/kill9" "$2" "$3" "$4" 2>"$dir/$1/messages"
    status=$?
    [ $status -eq 0 ] || { cat "$dir/$1/messages"; echo "the end of the daemon's log:"; grep -v '"method"' "$dir/$1/daemon.log" | tail -n 20; exit $status; }
}

killed points points "${SEED:-20261126}" 0
killed random "${KILLS:-500}" "${SEED:-20261126}" "$SECONDS_MOST"
