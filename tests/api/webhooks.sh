#!/bin/sh
# Webhooks through the daemon: registered, told of jobs, tested, listed, sent again, rotated; receivers that misbehave; addresses that lead
# inward; a daemon that is killed between the commit and the delivery. The schedule, day by day: tests/unit/test_webhooks.c.
srcdir=${srcdir:-.}
. "$srcdir/tests/api/lib.sh"
receiver=
trap 'stop_daemon; [ -z "$receiver" ] || kill "$receiver" 2>/dev/null; rm -rf "$tmp"' EXIT

"$builddir/tests/api/receiver" "$tmp/received" >"$tmp/port" &
receiver=$!
while [ ! -s "$tmp/port" ]; do sleep 0.02; done
in=http://127.0.0.1:$(cat "$tmp/port")

# add URL OPTION...: registers; $hook and $secret.
add() {
    hone webhook add "$@" --json >"$tmp/hook" 2>"$tmp/hook.err" || fail "webhook add $*: $(cat "$tmp/hook.err")"
    hook=$(value hook webhook_id)
    secret "$(value hook secret)"
}

# until_true COMMAND: at most 30 s.
until_true() {
    until_tries=0
    until eval "$1"; do
        until_tries=$((until_tries + 1))
        if [ $until_tries -gt 300 ]; then
            fail "in vain: $1"
            return
        fi
        sleep 0.1
    done
    pass
}

# ---- by default nothing of this machine, and nothing without TLS ----
serve
token=$(make_token admin)
api=$url
# call FUNCTION BODY: the answer in $tmp/answer, its status in $status.
call() {
    status=$(curl -s -o "$tmp/answer" -w '%{http_code}' -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d "$2" "$api/api/v2/functions/$1")
}
for bad in "$in/ok" https://127.0.0.1:9/ https://localhost/ 'https://[::1]/' https://10.0.0.1/ https://169.254.169.254/ https://0x7f.1/ http://example.com/ \
    https://u:p@example.com/ file:///etc/passwd; do
    call registerWebhook "{\"url\":\"$bad\"}"
    same "refused: $bad" "$status" 422
    has answer '"path": "url"'
done
call registerWebhook '{"url":"https://example.com/x","events":["training.complete"]}'
same 'an event that does not exist' "$status" 422
has answer "did you mean 'training.completed'?"
call registerWebhook '{"url":"https://public.rebind.invalid/x"}'
same 'a name is taken' "$status" 201
has answer '"secret":"whsec_'
secret "$(value answer secret)"
named=$(value answer webhook_id)
call testWebhook "{\"webhook_id\":\"$named\"}"
same 'a ping to a name that does not exist' "$(value answer status)" failed
stop_daemon
same 'the daemon ends' $? 0
[ ! -s "$tmp/received" ] && pass || fail "the receiver was connected to: $(cat "$tmp/received")"

# ---- without a daemon ----
run offline 8 webhook test "$named"
has offline.err 'hone serve'
run removed 0 webhook remove "$named"
run gone 4 webhook remove "$named"

# ---- the operator opens it, by a file in libconfig's syntax ----
cat >"$tmp/open.conf" <<'CONF'
webhooks: { allow_private = true; allowHttp = true; timeoutMs = 1500; };
CONF
serve --config "$tmp/open.conf" --jobs 1
token=$(make_token train)
api=$url
add "$in/ok" --description 'all of it'
all=$hook
run list 0 webhook list --json
has list "$all" '"all of it"'
lacks list whsec_
run ping 0 webhook test "$all"
has received 'webhook.test'
run train 0 train --agent told --data "$data" --set epochs=2 --json
job=$(value train job_id)
until_true 'grep -q "training.completed" "$tmp/received"'
has received '"event":"training.started"' '"event":"training.completed"' "\"job_id\":\"$job\"" '"results":{'
lacks received training.progress
same 'once each' "$(grep -c 'training.completed' "$tmp/received")" 1
run bad 3 train --agent broken --data "$srcdir/configure.ac" --json
run listed 0 webhook deliveries "$all" --json
has listed '"status": "delivered"' '"response_status": 200' '"response": "thanks\n"'
delivery=$(value listed delivery_id)
run again 0 webhook redeliver "$delivery" --json
lacks again "$delivery"
until_true '[ "$(grep -c "$(value again message_id)" "$tmp/received")" = 2 ]'
run table 0 webhook deliveries
has table EVENT training.completed delivered
run missing 4 webhook redeliver dlv_0000

# ---- what the daemon logs of a request and of its job has the request's trace id ----
run agent 0 agent list --json
status=$(curl -s -o "$tmp/answer" -w '%{http_code}' -H "Authorization: Bearer $token" -H 'traceparent: 00-5bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' \
    -H 'Content-Type: application/json' -d "{\"agent_id\":\"told\",\"training_data\":{\"examples\":[{\"input\":\"a\",\"expected_output\":\"b\"}]}}" "$api/api/v2/functions/startTrainingJob")
same 'a traced job' "$status" 201
traced=$(sed -n 's/.*"job_id":"\([^"]*\)".*/\1/p' "$tmp/answer")
until_true 'grep "$traced.*begins" "$tmp/serve.log" | grep -q "\"trace_id\":\"5bf92f3577b34da6a3ce929d0e0e4736\""'
until_true 'grep "$traced: completed" "$tmp/serve.log" | grep -q "\"trace_id\":\"5bf92f3577b34da6a3ce929d0e0e4736\""'
grep "$job" "$tmp/serve.log" | grep -q 5bf92f3577b34da6a3ce929d0e0e4736 && fail 'another job has that trace id'

# ---- the secret ----
run rotated 0 webhook rotate "$all" --overlap 1 --json
secret "$(value rotated secret)"
run ping 0 webhook test "$all"
same 'two signatures while both secrets hold' "$(tail -n 1 "$tmp/received" | cut -f 5 | wc -w)" 2
run rotated 0 webhook rotate "$all" --overlap 0 --json
secret "$(value rotated secret)"
run ping 0 webhook test "$all"
same 'one signature afterwards' "$(tail -n 1 "$tmp/received" | cut -f 5 | wc -w)" 1
run events 0 webhook update "$all" --events training.cancelled --json
has events '"training.cancelled"'
run off 0 webhook update "$all" --disable --json
has off 'disabled by its owner'

# ---- receivers that misbehave: a ping each ----
while read -r path want; do
    add "$in$path" --events training.failed
    begin=$(date +%s%N)
    run ping$want "$([ "$want" = delivered ] && echo 0 || echo 10)" webhook test "$hook" --json
    took=$((($(date +%s%N) - begin) / 1000000))
    holds "$path ends in time" $took -lt 6000
    same "$path" "$(value "ping$want" status)" "$want"
    run listed 0 webhook list --json
    case $path in
    /status/410) has listed 'answered 410' ;;
    /redirect) has pingfailed 'redirects are not followed' ;;
    /hang | /drip) has pingfailed 'no answer within' ;;
    esac
    run removed 0 webhook remove "$hook"
done <<'PATHS'
/status/204 delivered
/huge delivered
/status/400 failed
/status/404 failed
/status/410 failed
/status/429/60 failed
/status/500 failed
/status/503 failed
/redirect failed
/close failed
/hang failed
/drip failed
/headers failed
PATHS
lacks received /redirected

# ---- one test of a tenant at a time ----
add "$in/hang" --events training.failed
hone webhook test "$hook" >/dev/null 2>&1 &
tested=$!
until_true 'hone webhook deliveries "$hook" --json | grep -q "\"status\": \"pending\""'
call testWebhook "{\"webhook_id\":\"$hook\"}"
same 'a second test meanwhile' "$status" 409
has answer '"retryable": true' 'another test of a webhook'
wait $tested
run removed 0 webhook remove "$hook"

# ---- tried again by the schedule, while another one waits for a receiver that never answers ----
add "$in/flaky/1" --events training.cancelled
flaky=$hook
add "$in/hang" --events training.cancelled
hang=$hook
add "$in/ok/quick" --events training.cancelled
hone train --agent told --data "$data" --set epochs=400 --set earlyStopping=false --quiet >/dev/null 2>&1 &
train=$!
until_true 'hone job list --agent told --status running --json 2>/dev/null | grep -q job_id'
run cancelled 0 job cancel "$(hone job list --agent told --status running --json | sed -n 's/.*"job_id": "\(.*\)".*/\1/p' | head -n 1)" --json
wait $train
until_true 'grep -q "/ok/quick.*training.cancelled" "$tmp/received"'
until_true 'hone webhook deliveries "$flaky" --json | grep -q "\"status\": \"delivered\""'
run flaky 0 webhook deliveries "$flaky" --json
same 'it took two attempts' "$(grep -c '"number"' "$tmp/flaky")" 2
same 'under one webhook-id' "$(grep '/flaky/1' "$tmp/received" | cut -f 3 | sort -u | wc -l)" 1
run hang 0 webhook deliveries "$hang" --json
has hang '"status": "pending"' 'no answer within'
curl -s -H "Authorization: Bearer $token" "$api/metrics" >"$tmp/metrics"
has metrics 'hone_webhook_deliveries_total{event="training.cancelled",outcome="retried"}' 'hone_webhook_deliveries_total{event="webhook.test",outcome="failed"}' \
    'hone_webhook_queue_length 1' hone_quota_rejections_total hone_serving_workers
grep -q '^hone_calls_total [1-9]' "$tmp/metrics" && pass || fail "calls are not counted: $(grep hone_calls "$tmp/metrics")"

# ---- killed with what is committed and not delivered: it comes, once or twice, under one id ----
run removed 0 webhook remove "$hang"
add "$in/ok/late" --events training.completed
kill -STOP "$receiver"
run train 0 train --agent late --data "$data" --set epochs=2 --json
late=$(value train job_id)
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
daemon=
kill -CONT "$receiver"
sleep 0.2
serve --config "$tmp/open.conf" --jobs 1
until_true 'grep "/ok/late" "$tmp/received" | grep -q "$late"'
same 'one message' "$(grep '/ok/late' "$tmp/received" | grep "$late" | cut -f 3 | sort -u | wc -l)" 1
until_true 'hone webhook deliveries "$hook" --json | grep -q "\"status\": \"delivered\""'
kill "$receiver"
receiver=
finish
