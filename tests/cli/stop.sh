#!/bin/sh
# Jobs that do not end by themselves: Ctrl-C, kill -9 of either program, pause, cancel; and that resuming ends in the same weights.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"
long='--set epochs=150 --set earlyStopping=false --set checkpointInterval=4 --set threads=1'

# begin NAME ARGUMENT...: starts a training in the background; $pid is the program, $job its job once it is in the books.
begin() {
    agent=$1
    shift
    "$builddir/hone" --state "$tmp/state" train --agent "$agent" --data "$data" "$@" >"$tmp/$agent" 2>"$tmp/$agent.err" </dev/null &
    pid=$!
    job=
    tries=0
    while [ -z "$job" ] && [ $tries -lt 600 ]; do
        sleep 0.1
        tries=$((tries + 1))
        job=$(sed -n 's/^Job \([^ ]*\) trains.*/\1/p' "$tmp/$agent.err")
    done
    holds "$agent has begun" -n "$job"
}

# epoch N: waits until the training that was begun last has shown epoch N.
epoch() {
    tries=0
    until grep -q "^epoch $1/" "$tmp/$agent.err" || [ $tries -ge 2400 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
}

# books TEXT: waits until `hone job show` has the text.
books() {
    tries=0
    until hone job show "$job" --json 2>/dev/null | grep -q "$1" || [ $tries -ge 600 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
}

ended() { # ended STATUS: the program in the background ended so
    wait "$pid"
    got=$?
    same "$agent: exit status" "$got" "$1"
}

# shellcheck disable=SC2086
run whole 0 train --agent whole --data "$data" $long --json -q
weights=$(value whole weights_sha256)

# Ctrl-C: a checkpoint, exit 130, and on to the same weights.
# shellcheck disable=SC2086
begin interrupted $long
epoch 9
kill -INT "$pid"
ended 130
has interrupted.err 'Stopping with a checkpoint' 'hone job resume'
run shown 0 job show "$job" --json
has shown '"status": "paused"'
run ask 8 ask interrupted hello
has ask.err 'no trained version'
run resumed 0 job resume "$job" --json -q
same 'after Ctrl-C' "$(value resumed weights_sha256)" "$weights"
run history 0 monitor "$job" --history --json
same 'one row an epoch after resuming' "$(sed -n '/"history"/,$p' "$tmp/history" | grep -c '"elapsed_ms"')" 150
run twice 0 job resume "$job" --json
has twice 'there is nothing to resume'

# kill -9 of hone: the worker ends as well, and the job can be resumed from its newest checkpoint.
# shellcheck disable=SC2086
begin killed $long
epoch 21
kill -KILL "$pid"
wait "$pid" 2>/dev/null
books '"status": "paused"'
run shown 0 job show "$job" --json
has shown '"status": "paused"'
run resumed 0 job resume "$job" --json -q
same 'after kill -9' "$(value resumed weights_sha256)" "$weights"
# Before the first checkpoint: from the start.
# shellcheck disable=SC2086
begin early $long --set checkpointInterval=150
epoch 3
kill -KILL "$pid"
wait "$pid" 2>/dev/null
books '"status": "paused"'
run resumed 0 job resume "$job" --json -q
same 'without a checkpoint' "$(value resumed weights_sha256)" "$weights"

# While the folds of the calibration run: training is over by then, and weights and calibration (both in the file) end in the same bits.
folds='--set epochs=80 --set validationSplit=0 --set calibrationFolds=8 --set checkpointInterval=4 --set threads=1 --set earlyStopping=false'
# shellcheck disable=SC2086
run calibrated 0 train --agent calibrated --data "$data" $folds --json -q
has calibrated '"folds": 8'
for signal in INT KILL; do
    # shellcheck disable=SC2086
    begin "folds$signal" $folds
    books '"current_epoch": 80'
    kill -$signal "$pid"
    wait "$pid" 2>/dev/null
    books '"status": "paused"'
    run shown 0 job show "$job" --json
    has shown '"status": "paused"' '"current_epoch": 80'
    run resumed 0 job resume "$job" --json -q
    same "after $signal during the folds" "$(value resumed weights_sha256)" "$(value calibrated weights_sha256)"
    has resumed '"folds": 8'
done

# A model that `auto` took because of the memory: the same one goes on.
for i in $(seq 3000); do echo "{\"input\":\"word$i and $((i * 7 % 300)) more\",\"expected_output\":\"o$((i % 1500))\"}"; done >"$tmp/wide.jsonl"
kept_data=$data
data=$tmp/wide.jsonl
bow='--set epochs=16 --set earlyStopping=false --set checkpointInterval=4 --set memoryMb=20'
# shellcheck disable=SC2086
run small 0 train --agent small --data "$data" $bow --json -q
has small '"name": "bow"'
# shellcheck disable=SC2086
begin bow $bow
epoch 5
kill -INT "$pid"
ended 130
run resumed 0 job resume "$job" --json -q
same 'a chosen model resumes' "$(value resumed weights_sha256)" "$(value small weights_sha256)"
holds 'two checkpoints are kept' "$(ls "$tmp/state/jobs/$job" | grep -c checkpoint)" -le 2
data=$kept_data

# A damaged checkpoint is not used; an older one or the start is.
# shellcheck disable=SC2086
begin damaged $long
epoch 21
kill -KILL "$pid"
wait "$pid" 2>/dev/null
books '"status": "paused"'
newest=$(ls -t "$tmp/state/jobs/$job"/*.safetensors | head -n 1)
holds 'there is a checkpoint' -n "$newest"
printf 'damage' | dd of="$newest" bs=1 seek=5000 conv=notrunc 2>/dev/null
run resumed 0 job resume "$job" --json
same 'after a damaged checkpoint' "$(value resumed weights_sha256)" "$weights"

# kill -9 of the worker: the job fails with the true cause.
# shellcheck disable=SC2086
begin orphan $long
epoch 3
worker=$(ps -o pid= --ppid "$pid" | tr -d ' ')
kill -KILL "$worker"
ended 10
has orphan.err SIGKILL
run shown 0 job show "$job" --json
has shown '"status": "failed"' SIGKILL
run resumed 0 job resume "$job" --json -q
same 'after the worker was killed' "$(value resumed weights_sha256)" "$weights"

# Paused and cancelled from another terminal.
begin paused --set epochs=10000 --set earlyStopping=false
epoch 3
run busy 5 job delete "$job"
run busy 5 job resume "$job"
run pause 0 job pause "$job"
ended 130
run shown 0 job show "$job" --json
has shown '"status": "paused"'
run cancel 0 job cancel "$job"
run shown 0 job show "$job" --json
has shown '"status": "cancelled"'
begin cancelled --set epochs=10000 --set earlyStopping=false
epoch 3
run cancel 0 job cancel "$job"
ended 130
run shown 0 job show "$job" --json
has shown '"status": "cancelled"'
run resume 5 job resume "$job"
run cancel 5 job cancel "$job"
finish
