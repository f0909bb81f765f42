#!/bin/sh
# The quick tier of tests/bench/null.sh: differences found where there are none, on few simulations with real trainings, within what chance allows.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"
HONE_PLUGIN_PATH=${HONE_PLUGIN_PATH:-$builddir/plugins} "$builddir/tests/bench/null" "$data" 60 2 150 150 >"$tmp/said" 2>&1 && pass || fail "$(cat "$tmp/said")"
has said 'exact McNemar of two models' 'fair tests would be within'
tail -n 2 "$tmp/said"
finish
