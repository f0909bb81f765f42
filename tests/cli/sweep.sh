#!/bin/sh
# Sweeps on the command line: faults with their lines, the same trials for any number of workers and after kill -9, the judgement on fresh rows.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"

cat >"$tmp/bad.conf" <<'END'
agent = "a"; data = "b"; trails = 3;
search = "tep";
space = {
    learnigRate = [0.1];
    epochs = { min = 5; max = 2; };
    batchSize = { min = 0; max = 4; scale = "log"; };
};
asha = { min_epochs = 1; reduktion = 3; };
END
run bad 3 pipeline check "$tmp/bad.conf"
has bad.err 'bad.conf:1:' "did you mean 'trials'?" 'bad.conf:2:' "did you mean 'tpe'?" 'bad.conf:4:' "did you mean 'learningRate'?" 'min must be below max' \
    'asha decides how many epochs' "'reduktion' is not known"

head -n 500 "$data" >"$tmp/rows.jsonl"
cat >"$tmp/sweep.conf" <<END
agent = "tuned"; data = "$tmp/rows.jsonl"; trials = 9; batch = 3; startup = 3; seed = 5;
config = { epochs = 4; earlyStopping = false; };
space = {
    learningRate = { min = 0.0003; max = 0.03; scale = "log"; };
    labelSmoothing = [0.0, 0.1];
    modelOptions = { scale = { min = 4; max = 12; }; };
};
start = ( { learningRate = 0.001; } );
asha = { min_epochs = 1; reduction = 2; };
END
# trials FILE: what was tried with what result, without ids and times
trials() {
    sed -n '/"steps"/,/"definition"/p' "$tmp/$1" | grep -E '"(trial|rung|score|learningRate|labelSmoothing|scale|batch)":'
}
state=$tmp/state1 run one 0 sweep "$tmp/sweep.conf" --json
trials one >"$tmp/tried"
holds 'trials' "$(grep -c '"trial":' "$tmp/tried")" -ge 12
has one '"status": "completed"' '"reproducible": true' '"method": "wilson"' '"rows": 100' '"learningRate": 0.001'
state=$tmp/state2 run two 0 sweep "$tmp/sweep.conf" --workers 3 --json
trials two >"$tmp/tried2"
cmp -s "$tmp/tried" "$tmp/tried2" && pass || fail "three workers tried something else: $(diff "$tmp/tried" "$tmp/tried2" | head -n 5)"
same 'the winner for any number of workers' "$(hone --state "$tmp/state1" job show "$(value one job_id)" --json 2>/dev/null | sed -n 's/.*"weights_sha256": *"\(.*\)".*/\1/p')" \
    "$(hone --state "$tmp/state2" job show "$(value two job_id)" --json 2>/dev/null | sed -n 's/.*"weights_sha256": *"\(.*\)".*/\1/p')"

# Killed again and again, wherever it is.
state=$tmp/state3
: >"$tmp/kills"
for lines in 1 4 9 12 19 25; do
    : >"$tmp/watch"
    run_id=$(sed -n 's/^Run \(run_[a-z0-9]*\) .*/\1/p' "$tmp/kills" | head -n 1)
    "$builddir/hone" --state "$state" sweep ${run_id:-"$tmp/sweep.conf"} >"$tmp/killed" 2>"$tmp/watch" </dev/null &
    pid=$!
    tries=0
    while [ "$(wc -l <"$tmp/watch")" -lt $((lines % 7 + 2)) ] && kill -0 $pid 2>/dev/null && [ $tries -lt 400 ]; do
        tries=$((tries + 1))
        sleep 0.02
    done
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
    cat "$tmp/watch" >>"$tmp/kills"
    sleep 0.1
done
run_id=$(sed -n 's/^Run \(run_[a-z0-9]*\) .*/\1/p' "$tmp/kills" | head -n 1)
run paused 0 pipeline runs
has paused paused
run three 0 sweep "$run_id" --json
trials three >"$tmp/tried3"
cmp -s "$tmp/tried" "$tmp/tried3" && pass || fail "after kill -9 something else was tried: $(diff "$tmp/tried" "$tmp/tried3" | head -n 5)"
run jobs 0 job list --limit 0 --json
holds 'no training was done twice' "$(grep -c '"job_id"' "$tmp/jobs")" -eq "$(($(grep -c '"trial":' "$tmp/tried3") + 1))" # the winner

# Other ways to search; rows of the test are fresh.
state=$tmp/state4
run grid 0 sweep "$tmp/sweep.conf" search=grid trials=4 test="$fresh" refit=false deploy=false --json
has grid '"rows": 150'
run ask 8 ask tuned 'where is my parcel'
run random 0 sweep "$tmp/sweep.conf" search=random trials=3 seconds=30
has random 'fresh rows' 'accuracy'
has random.err 'Time limited the search'
run budget 0 sweep "$tmp/sweep.conf" trials=10000 seconds=2
run broken 10 sweep "$tmp/sweep.conf" objective=validation_accuracy data="$srcdir/README.md"
finish
