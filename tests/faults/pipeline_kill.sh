#!/bin/sh
# A pipeline is killed (kill -9) after each of the lines that it tells, which are the beginnings and ends of its steps, and is resumed until it is
# done: it ends as one that was never disturbed, with no training, no deployment and no version too many. Without a daemon, and with one that is killed.
srcdir=${srcdir:-.}
. "$srcdir/tests/api/lib.sh"

cat >"$tmp/steps.conf" <<END
steps = {
    check = { do = "validate"; data = "$data"; };
    train = { do = "train"; needs = ["check"]; agent = "killed"; data = "$data"; config = { epochs = 6; checkpointInterval = 2; earlyStopping = false; }; };
    judge = { do = "evaluate"; needs = ["train"]; job = "\${train.job_id}"; test = "$fresh"; };
    good = { do = "gate"; needs = ["judge"]; require = "judge.evaluation.metric_scores.accuracy > 0.5"; };
    deploy = { do = "deploy"; needs = ["train", "good"]; agent = "killed"; job = "\${train.job_id}"; };
};
END

# outcome FILE: what a run says, without ids and times.
outcome() {
    grep -E '^ {0,8}"(step|status|weights_sha256|previous_version_id|version)":|^ {10}"accuracy":' "$tmp/$1"
}

# check_end WHAT FILE: as undisturbed.
check_end() {
    outcome "$2" >"$tmp/outcome"
    cmp -s "$tmp/whole" "$tmp/outcome" && pass || fail "$1: another end: $(diff "$tmp/whole" "$tmp/outcome" | head -n 8)"
    run agent 0 agent show killed --json
    same "$1: one version" "$(grep -c '"version_id"' "$tmp/agent")" "$versions"
    run jobs 0 job list --json
    same "$1: one training" "$(grep -c '"job_id"' "$tmp/jobs")" 1
}

state=$tmp/whole_state
run undisturbed 0 pipeline run "$tmp/steps.conf" --json
outcome undisturbed >"$tmp/whole"
holds 'the steps tell something' "$(wc -l <"$tmp/whole")" -ge 10
run agent 0 agent show killed --json
versions=$(grep -c '"version_id"' "$tmp/agent")
lines=$(grep -c '^[a-z]*: ' "$tmp/undisturbed.err")
holds 'there are places to kill at' "$lines" -ge 8

at=0
while [ $at -le "$lines" ]; do
    state=$tmp/killed$at
    : >"$tmp/told"
    "$builddir/hone" --state "$state" pipeline run "$tmp/steps.conf" >/dev/null 2>"$tmp/told" </dev/null &
    pid=$!
    tries=0
    while [ "$(wc -l <"$tmp/told")" -le $at ] && kill -0 $pid 2>/dev/null && [ $tries -lt 2000 ]; do
        tries=$((tries + 1))
        sleep 0.005
    done
    [ $((at % 3)) -eq 2 ] && sleep 0.07 # into the middle of the step that has begun
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
    run resumed 0 pipeline resume latest --json
    check_end "killed after line $at" resumed
    rm -rf "$state"
    at=$((at + ${HONE_KILL_STRIDE:-4}))
done

# A daemon that dies goes on with its runs when it starts again.
for pause in 0.15 0.5 0.9; do
    state=$tmp/daemon$pause
    serve --jobs 1
    "$builddir/hone" --state "$state" pipeline run "$tmp/steps.conf" >/dev/null 2>&1 </dev/null &
    client=$!
    sleep $pause
    kill -9 "$daemon"
    wait "$daemon" 2>/dev/null
    wait $client 2>/dev/null
    daemon=
    serve --jobs 1
    tries=0
    while hone pipeline show latest --json >"$tmp/later" 2>/dev/null; grep -q '^  "status": "running"' "$tmp/later" && [ $tries -lt 200 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    check_end "the daemon killed after $pause s" later
    stop_daemon
    rm -rf "$state"
done
state=$tmp/whole_state
finish
