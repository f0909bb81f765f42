#!/bin/sh
# Events of a job as a stream: every epoch once, in order, also for who comes back; the end; another tenant's job; as JSON; many watchers.
srcdir=${srcdir:-.}
. "$srcdir/tests/api/lib.sh"
command -v curl >/dev/null || { echo 'skipped: there is no curl'; exit 77; }
admin=$(make_token admin) token=$admin
other=$(make_token read --tenant other)
serve --access-log "$tmp/access.log" --set http.heartbeatMs=200 --set http.connectionsPerAddress=0
# call FUNCTION BODY ARGUMENT...
call() {
    call_function=$1 call_body=$2
    shift 2
    curl -s -H "Authorization: Bearer $admin" -H 'Content-Type: application/json' --data-binary "$call_body" "$url/api/v2/functions/$call_function" "$@"
}
# start AGENT EPOCHS: $job
start() {
    call createAgent "{\"name\":\"$1\"}" >"$tmp/agent"
    printf '{"agent_id":"%s","training_data":{"examples":[%s]},"config":{"epochs":%s,"earlyStopping":false}}' "$1" "$(head -n 200 "$data" | paste -s -d ,)" "$2" >"$tmp/body"
    call startTrainingJob "@$tmp/body" >"$tmp/started"
    job=$(sed -n 's/.*"job_id":"\([^"]*\)".*/\1/p' "$tmp/started")
    holds "a job is started: $(head -c 300 "$tmp/started")" -n "$job"
    events=$url/api/v2/jobs/$job/events
}
watch() { curl -s -N -H "Authorization: Bearer $token" "$@"; }

start desk 6
timeout 60 curl -s -N -D "$tmp/stream.head" -H "Authorization: Bearer $token" "$events" >"$tmp/stream"
same 'the stream ends by itself' $? 0
has stream.head 'Content-Type: text/event-stream' 'Cache-Control: no-store'
has stream 'retry: 2000' 'event: status' '"status":"completed"'
same 'every epoch once' "$(grep -A1 '^event: epoch' "$tmp/stream" | sed -n 's/^data: {"epoch":\([0-9]*\),.*/\1/p' | tr '\n' ' ')" '1 2 3 4 5 6 '
same 'ids rise' "$(sed -n 's/^id: //p' "$tmp/stream" | sort -n -u | tr '\n' ' ')" "$(sed -n 's/^id: //p' "$tmp/stream" | tr '\n' ' ')"
last=$(sed -n 's/^id: //p' "$tmp/stream" | tail -n 1)
third=$(sed -n 's/^id: //p' "$tmp/stream" | sed -n 3p)
watch -H "Last-Event-ID: $third" "$events" >"$tmp/resumed"
same 'who comes back gets what is behind' "$(sed -n 's/^id: //p' "$tmp/resumed" | tr '\n' ' ')" "$(sed -n 's/^id: //p' "$tmp/stream" | sed 1,3d | tr '\n' ' ')"
watch "$events?after=$third" >"$tmp/after"
same 'also by the query' "$(grep -c '^id: ' "$tmp/after")" "$(grep -c '^id: ' "$tmp/resumed")"
same 'nothing more: 204' "$(watch -o "$tmp/none" -w '%{http_code}' -H "Last-Event-ID: $last" "$events")" 204
watch -H 'Accept: text/event-stream' "$url/api/functions/monitorTrainingProgress?job_id=$job" >"$tmp/by_function"
same 'also where clients find only functions' "$(grep -c '^id: ' "$tmp/by_function")" "$(grep -c '^id: ' "$tmp/stream")"
watch -H 'Accept: application/json, text/event-stream' "$url/api/functions/monitorTrainingProgress?job_id=$job" >"$tmp/both"
has both '{"success": true'
watch -H 'Accept: application/json' "$events?after=$third" >"$tmp/json"
has json '{"success": true, "data": {"events": [{"id": "' "\"last_event_id\": \"$last\"" '"ended": true'
token=$other
same "another tenant's job is not there" "$(watch -o "$tmp/none" -w '%{http_code}' "$events")" 404
token=$admin
same 'nor one that never was' "$(curl -s -o "$tmp/none" -w '%{http_code}' -H "Authorization: Bearer $token" "$url/api/v2/jobs/job_none/events")" 404

# A long job, watched by many, who all get what happens and heartbeats, and end with the server.
start long 10000
call startTrainingJob "@$tmp/body" -D "$tmp/again.head" >"$tmp/again"
has again '"code": "CONFLICT"' '"retryable": false'
has again.head 'HTTP/1.1 409' 'X-Should-Retry: false'
printf 'GET /api/v2/jobs/%s/events HTTP/1.1\r\nHost: hone\r\nAuthorization: Bearer %s\r\n\r\n' "$job" "$token" >"$tmp/request"
"$builddir/tests/api/raw" "${url##*:}" --count 200 --for 2500 <"$tmp/request" 2>"$tmp/many"
has many '200 connected, 200 answered, 0 closed'
"$builddir/tests/api/raw" "${url##*:}" --count 200 --for 20000 <"$tmp/request" 2>"$tmp/many" &
watching=$!
for i in $(seq 50); do
    curl -s -H "Authorization: Bearer $admin" "$url/metrics" | grep -q '^http_event_watchers 200$' && break
    sleep 0.1
done
stop_daemon
same 'the daemon ends' $? 0
wait $watching
has many '200 connected, 200 answered, 200 closed'
finish
