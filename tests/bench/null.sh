#!/bin/sh
# How often the tests of `hone compare` find a difference where there is none, on 1,000 simulations with real trainings of the example's rows. Takes
# about ten minutes: HONE_TRIALS=100 sh tests/bench/null.sh is a tenth of it. Fails when a rate is not what a fair test at 5 % has.
. "$(dirname "$0")/lib.sh"
HONE_PLUGIN_PATH=$build/plugins "$build/tests/bench/null" "$(dirname "$0")/../../etc/example/support.jsonl" "${HONE_TRIALS:-1000}" 5 250 200
