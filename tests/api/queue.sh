#!/bin/sh
# The daemon's queue, and the command line that finds a daemon: pause, resume, cancel, priorities, workers that die, poison, an end that
# lets jobs go on at the next start, with the same weights as without.
srcdir=${srcdir:-.}
. "$srcdir/tests/api/lib.sh"
slow="--set epochs=400 --set earlyStopping=false --set checkpointInterval=5 --set seed=5"

# wait_for STATUS JOB: until the job has that status, at most five minutes (a sanitizer takes some).
wait_for() {
    wait_tries=0
    while hone job show "$2" --json >"$tmp/shown" 2>/dev/null; [ "$(value shown status)" != "$1" ]; do
        wait_tries=$((wait_tries + 1))
        if [ $wait_tries -gt 3000 ]; then
            fail "job $2 is $(value shown status), expected $1: $(head -c 600 "$tmp/shown")"
            return
        fi
        sleep 0.1
    done
    pass
}

# begin AGENT OPTION...: starts a long job in the background; its id in $job.
begin() {
    begin_agent=$1
    shift
    # shellcheck disable=SC2086
    hone train --agent "$begin_agent" --data "$data" $slow --quiet "$@" >"$tmp/train.$begin_agent" 2>&1 &
    begin_pid=$!
    begin_tries=0
    while ! hone job list --agent "$begin_agent" --json 2>/dev/null | grep -q job_id && [ $begin_tries -lt 100 ]; do
        begin_tries=$((begin_tries + 1))
        sleep 0.1
    done
    hone job list --agent "$begin_agent" --json >"$tmp/listed"
    job=$(value listed job_id)
}

# worker_of JOB: the process that holds its lock.
worker_of() {
    for p in $(pgrep -P "$daemon"); do
        ls -l "/proc/$p/fd" 2>/dev/null | grep -q "jobs/$1/lock" && echo "$p"
    done
}

# ---- the weights to compare with: no daemon, no interruption ----
# shellcheck disable=SC2086
run plain 0 train --agent plain --data "$data" $slow --json
want=$(value plain weights_sha256)

serve --jobs 1 --retry-ms 50

# ---- the command line finds the daemon ----
run train 0 train --agent quick --data "$data" --set epochs=2 --json
same 'status' "$(value train status)" completed
run ask 0 ask quick "where is my parcel?" --top 2
run batch 0 ask quick --batch "$fresh"
same 'an answer an input' "$(wc -l <"$tmp/batch")" "$(wc -l <"$fresh")"
run evaluate 0 evaluate latest --test "$fresh" --json
has evaluate '"overall_score"' '"evaluation_id"'
run report 0 report latest
has report 'Evaluation'
run missing 4 train --agent quick --data "$tmp/none.jsonl"
printf '{"input":"x"}\n' >"$tmp/bad.jsonl"
run bad 3 train --agent broken --data "$tmp/bad.jsonl"
has bad.err 'expected_output is missing' 'bad.jsonl:1'
run key 3 train --agent quick --data "$data" --set optimzer=adam
run nothing 4 job show job_nothing

# ---- one job an agent, pause, resume, cancel; another waits for the only place ----
begin long
wait_for running "$job"
run second 5 train --agent long --data "$data"
first=$job
begin waits
hone job show "$job" --json >"$tmp/waits"
same 'a job that waits' "$(value waits status)" preparing
has waits '"detail": "queued"'
run cancel_waiting 0 job cancel "$job"
wait_for cancelled "$job"
run pause 0 job pause "$first"
wait_for paused "$first"
has shown '"transitions"'
hone monitor "$first" --checkpoints --json >"$tmp/checkpoints"
has checkpoints '"kind": "interrupt"'
hone job resume "$first" --quiet >/dev/null 2>&1 &
wait_for running "$first"

# ---- a worker that is killed: the job goes on, and its weights are those of an uninterrupted run ----
worker=$(worker_of "$first")
kill -9 "$worker"
wait_for running "$first"
has shown 'signal:9'
wait_for completed "$first"
hone job show "$first" --json >"$tmp/shown"
same 'weights after a pause and a death' "$(value shown weights_sha256)" "$want"

# ---- three deaths are enough ----
begin poison
for death in 1 2 3; do
    tries=0
    while worker=$(worker_of "$job"); [ -z "$worker" ] && [ $tries -lt 600 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
    [ -n "$worker" ] && kill -9 "$worker"
    sleep 0.2
done
wait_for failed "$job"
has shown '"code": "poison"' '"cause": "signal:9"'
run after_poison 0 train --agent quick --data "$data" --set epochs=1 --quiet

# ---- the daemon ends: the job writes a checkpoint and goes on at the next start ----
begin drained
wait_for running "$job"
stop_daemon
same 'the daemon ends well' $stop_status 0
run shown 0 job show "$job" --json
same 'the job waits for the next daemon' "$(value shown status)" preparing
has shown 'its checkpoint is written'
serve --jobs 1 --retry-ms 50
wait_for completed "$job"
same 'weights over a restart' "$(value shown weights_sha256)" "$want"

# ---- the daemon is killed: nothing that was acknowledged is lost ----
begin killed
wait_for running "$job"
kill -9 "$daemon"
wait "$daemon" 2>/dev/null
serve --jobs 1
wait_for completed "$job"
same 'weights over a kill' "$(value shown weights_sha256)" "$want"

# ---- one daemon a directory; a command line that trains keeps one away ----
"$builddir/hone" --state "$state" serve --listen 127.0.0.1:0 >"$tmp/two" 2>&1
same 'a second daemon' $? 5
holds 'the socket of the first is there' -S "$state/hone.sock"
run reached 0 job list
finish
