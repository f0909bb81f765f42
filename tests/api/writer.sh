#!/bin/sh
# An agent that writes, kept warm by the daemon: how it shall write comes with each question, and one that cannot be answered leaves the others alone.
srcdir=${srcdir:-.}
. "$srcdir/tests/api/lib.sh"
command -v curl >/dev/null || { echo 'skipped: there is no curl'; exit 77; }
for i in one two three four five six seven eight; do
    echo "{\"input\": \"say number $i\", \"expected_output\": \"This is number $i, as you wished.\"}"
done >"$tmp/pairs.jsonl"
run learn 0 train --agent guide --data "$tmp/pairs.jsonl" --set model=transformer --set modelOptions.layers=2 --set modelOptions.width=48 --set modelOptions.heads=4 \
    --set modelOptions.vocab=300 --set modelOptions.context=64 --set epochs=300 --set batchSize=4 --set optimizer=adamw --set learningRate=0.005 --set labelSmoothing=0 \
    --set validationSplit=0 --set earlyStopping=false --set checkpointInterval=0 -q
token=$(make_token train)
serve --access-log "$tmp/access.log"
ask() { # ask NAME STATUS BODY
    same "$1" "$(curl -s -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -o "$tmp/$1" -w '%{http_code}' -d "$3" "$url/api/v2/functions/invokeAgent")" "$2"
}
ask one 200 '{"agent_id": "guide", "input": "say number seven"}'
has one '"output":"This is number seven, as you wished."' '"finish_reason":"end"' '"interaction_id":'
ask short 200 '{"agent_id": "guide", "input": "say number seven", "generation": {"max_tokens": 2}}'
has short '"finish_reason":"length"' '"tokens":2'
ask stopped 200 '{"agent_id": "guide", "input": "say number seven", "generation": {"stop": [", as"]}}'
has stopped '"output":"This is number seven"' '"finish_reason":"stop"'
for i in 1 2; do
    ask drawn$i 200 '{"agent_id": "guide", "input": "something else", "generation": {"temperature": 2, "seed": 5, "max_tokens": 20}}'
    sed 's/.*"output":\("[^"]*"\).*/\1/' "$tmp/drawn$i" >"$tmp/said$i"
done
cmp -s "$tmp/said1" "$tmp/said2" && pass || fail 'the same seed writes otherwise'
long=$(printf 'word %.0s' $(seq 1 100))
ask mixed 200 "{\"agent_id\": \"guide\", \"texts\": [\"$long\", \"say number three\"]}"
has mixed '"finish_reason":"refused"' '"output":"This is number three, as you wished."'
ask wrong 422 '{"agent_id": "guide", "input": "say number seven", "generation": {"temperature": -1}}'
ask unknown 422 '{"agent_id": "guide", "input": "say number seven", "generation": {"warmth": 1}}'
ask after 200 '{"agent_id": "guide", "input": "say number five"}'
has after 'This is number five, as you wished.'
finish
