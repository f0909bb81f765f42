#!/bin/sh
# The daemon is killed at a random moment while jobs run and webhooks are sent, KILLS times (5). Then every job
# that ended has exactly one message, which arrived at least once, and nothing is left on its way. The seed is printed; SEED replays it.
srcdir=${srcdir:-.}
. "$srcdir/tests/api/lib.sh"
command -v curl >/dev/null || { echo 'skipped: there is no curl'; exit 77; }
rounds=${KILLS:-5}
seed=${SEED:-$(date +%s)}
echo "seed $seed"
receiver=
trap 'stop_daemon; [ -z "$receiver" ] || kill "$receiver" 2>/dev/null; rm -rf "$tmp"' EXIT
"$builddir/tests/api/receiver" "$tmp/received" >"$tmp/port" &
receiver=$!
while [ ! -s "$tmp/port" ]; do sleep 0.02; done
start="--set webhooks.allowPrivate=true --set webhooks.allowHttp=true --jobs 2 --access-log none --retry-ms 50"
# shellcheck disable=SC2086
serve $start
token=$(make_token train)
hone webhook add "http://127.0.0.1:$(cat "$tmp/port")/ok" --events training.completed,training.failed,training.cancelled --json >"$tmp/hook" 2>&1
secret "$(value hook secret)"
post() {
    curl -s -m 5 -o "$tmp/answer" -w '%{http_code}' -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d "$2" "$url/api/v2/functions/$1"
}
examples=$(seq 1 40 | sed 's/.*/{"input":"question & of many","expected_output":"answer &"}/' | paste -sd , -)
: >"$tmp/acknowledged"
round=0
while [ $round -lt "$rounds" ]; do
    round=$((round + 1))
    for n in 1 2 3; do
        [ "$(post createAgent "{\"name\":\"agent $round $n\"}")" = 201 ] || continue
        [ "$(post startTrainingJob "{\"agent_id\":\"agent $round $n\",\"training_data\":{\"examples\":[$examples]},\"config\":{\"epochs\":2}}")" = 201 ] || continue
        sed -n 's/.*"job_id":"\([^"]*\)".*/\1/p' "$tmp/answer" >>"$tmp/acknowledged"
    done
    sleep "$(awk -v seed="$((seed + round))" 'BEGIN { srand(seed); printf "%.3f", rand() * 0.6 }')"
    kill -KILL "$daemon"
    wait "$daemon" 2>/dev/null
    daemon=
    # shellcheck disable=SC2086
    serve $start
done
tries=0
while [ "$(hone job list --limit 1000 --json | grep -cE '"status": "(preparing|running)"')" != 0 ] && [ $tries -lt 600 ]; do
    tries=$((tries + 1))
    sleep 0.1
done
while hone webhook deliveries --status pending --json | grep -q delivery_id && [ $tries -lt 900 ]; do
    tries=$((tries + 1))
    sleep 0.1
done
hone webhook deliveries --status pending --json >"$tmp/pending"
lacks pending delivery_id
holds 'jobs were acknowledged' "$(wc -l <"$tmp/acknowledged")" -ge $((rounds * 3))
while read -r job; do
    hone job show "$job" --json >"$tmp/shown" 2>/dev/null
    [ "$(value shown status)" = completed ] && pass || fail "$job ended as $(value shown status): $(grep '"message"' "$tmp/shown") $(grep "$job" "$tmp/serve.log" | tail -n 4)"
    same "$job has one message that arrived" "$(grep "\"job_id\":\"$job\"" "$tmp/received" | cut -f 3 | sort -u | wc -l)" 1
done <"$tmp/acknowledged"
echo "$(grep -c '^request' "$tmp/received") deliveries of $(wc -l <"$tmp/acknowledged") jobs over $rounds kills"
kill "$receiver"
receiver=
finish
