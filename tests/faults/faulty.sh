#!/bin/sh
# Faults of the system under a running daemon (see faulty.c), and a disk that is really full where a small one can be mounted.
srcdir=${srcdir:-.}
. "$srcdir/tests/api/lib.sh"
. "$srcdir/tests/faults/lib.sh"
make_shim
dir=${KEEP:-$tmp/faulty}
mkdir -p "$dir"
HONE=$builddir/hone SHIM=$shim FAULTY_DIR=$dir srcdir=$srcdir "$builddir/tests/faults/faulty"
status=$?
[ $status -eq 0 ] || { fail 'faults by the shim; the end of the log:'; grep -v '"method"' "$dir/daemon.log" | tail -n 20; }

disk=$tmp/disk
mkdir "$disk"
if ! command -v curl >/dev/null || ! mount -t tmpfs -o size=12m,mode=700 tmpfs "$disk" 2>/dev/null; then
    echo 'skipped: no small disk can be mounted here, or there is no curl'
    finish
fi
trap 'stop_daemon; umount -l "$disk"; rm -rf "$tmp" "$ram"' EXIT
state=$disk/state
token=$(make_token admin)
serve --jobs 1 --retry-ms 100
f=$url/api/v2/functions

# ask NAME STATUS ARGUMENT...: curl, whose answer goes to $tmp/NAME.
ask() {
    ask_name=$1 ask_status=$2
    shift 2
    same "$ask_name" "$(curl -s -o "$tmp/$ask_name" -w '%{http_code}' -H "Authorization: Bearer $token" -H 'Content-Type: application/json' "$@")" "$ask_status"
}

# until_status STATUS JOB: at most a minute.
until_status() {
    until_tries=0
    while curl -s -o "$tmp/job" -H "Authorization: Bearer $token" -d "{\"job_id\":\"$2\"}" -H 'Content-Type: application/json' "$f/monitorTrainingProgress" &&
        ! grep -q "$1" "$tmp/job"; do
        until_tries=$((until_tries + 1))
        [ $until_tries -gt 600 ] && { fail "the job is not $1: $(cat "$tmp/job")"; return; }
        sleep 0.1
    done
    pass
}

ask agent 201 -d '{"name":"support"}' "$f/createAgent"
agent=$(value agent agent_id)
# request EPOCHS INTERVAL: a job that nobody waits for.
request() {
    { printf '{"agent_id":"%s","config":{"epochs":%s,"checkpointInterval":%s,"earlyStopping":false},"training_data":{"examples":[' "$agent" "$1" "$2"
        head -n 200 "$data" | paste -s -d , -; printf ']}}'; } >"$tmp/request"
}
request 10000 1
{ printf '{"name":"more","examples":['; head -n 100 "$data" | paste -s -d , -; printf ']}'; } >"$tmp/more"
ask started 201 -d "@$tmp/request" "$f/startTrainingJob"
job=$(value started job_id)
until_status '"running"' "$job"
fill() {
    while [ ! -e "$tmp/enough" ]; do # what the job gives back is taken, too
        cat /dev/zero >>"$disk/filler"
        sleep 0.02
    done 2>/dev/null
}
fill &
filler=$!
sleep 0.3
ask refused 503 -d "@$tmp/more" "$f/createTrainingModule"
has refused 'disk is full'
ask alive 200 "$url/healthz"
ask ready 503 "$url/readyz"
sleep 1
until_status 'space\|"running"' "$job"
touch "$tmp/enough"
wait $filler
rm "$disk/filler"
ask again 201 -d '{"name":"again"}' "$f/createAgent"
ask ready_again 200 "$url/readyz"
ask cancelled 200 -d "{\"job_id\":\"$job\"}" "$f/cancelTrainingJob"
until_status '"cancelled"' "$job"

request 10000 10000 # asked to pause, it finds no space for its checkpoint (4.8 MB), though the books have some
ask started 201 -d "@$tmp/request" "$f/startTrainingJob"
job=$(value started job_id)
until_status '"current_epoch":[1-9]' "$job"
cat /dev/zero >"$disk/filler" 2>/dev/null
truncate -s -2M "$disk/filler"
ask paused 200 -d "{\"job_id\":\"$job\"}" "$f/pauseTrainingJob"
until_status '"paused"' "$job"
rm "$disk/filler"
ask resumed 200 -d "{\"job_id\":\"$job\"}" "$f/resumeTrainingJob"
until_status '"running"' "$job"
ask cancelled 200 -d "{\"job_id\":\"$job\"}" "$f/cancelTrainingJob"
until_status '"cancelled"' "$job"
same 'nothing half-written is left' "$(find "$state" -name '*.part' -o -name '.new.*' -o -name '*.jsonl.*' | wc -l)" 0
finish
