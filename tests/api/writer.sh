#!/bin/sh
# An agent that writes, kept warm by the daemon: how it shall write comes with each question, and one that cannot be answered leaves the others alone.
srcdir=${srcdir:-.}
. "$srcdir/tests/api/lib.sh"
command -v curl >/dev/null || { echo 'skipped: there is no curl'; exit 77; }
for i in one two three four five six seven eight; do
    echo "{\"input\": \"say number $i\", \"expected_output\": \"This is number $i, as you wished.\"}"
done >"$tmp/pairs.jsonl"
wide='Grüße, 世界 und 🫖!'
echo "{\"input\": \"say hello\", \"expected_output\": \"$wide\"}" >>"$tmp/pairs.jsonl"
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

# Told while it is written: the pieces are the answer, no character is cut, and the last event is what a plain call gets.
stream() { # stream NAME BODY
    curl -sN -D "$tmp/$1.head" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -o "$tmp/$1" -d "$2" "$url/api/v2/functions/invokeAgent"
}
pieces() { # pieces NAME [NUMBER]: what the events say, put together
    sed -n "s/^data: {\"answer\":${2:-0},\"text\":\"\(.*\)\"}\$/\1/p" "$tmp/$1" | tr -d '\n'
}
stream told '{"agent_id": "guide", "input": "say hello", "stream": true}'
has told.head 'Content-Type: text/event-stream' 'HTTP/1.1 200'
same 'the pieces' "$(pieces told)" "$wide"
iconv -f UTF-8 -t UTF-8 "$tmp/told" >/dev/null 2>&1 && pass || fail 'a character is cut between two events'
[ "$(grep -c '^event: text' "$tmp/told")" -gt 5 ] && pass || fail "the answer came in $(grep -c '^event: text' "$tmp/told") pieces"
tail -n 3 "$tmp/told" >"$tmp/last"
has last 'event: answer' "\"output\":\"$wide\"" '"interaction_id":"intr_' '"confidence":' '"usage":{"input_tokens":' '"finish_reason":"end"' '"trace_id": "'
id=$(sed -n 's/.*"interaction_id":"\([^"]*\)".*/\1/p' "$tmp/last")
same 'feedback on it' "$(curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
    -d "{\"interaction_id\": \"$id\", \"feedback\": \"correct\"}" "$url/api/v2/functions/recordFeedback")" 200
stream stopped_told '{"agent_id": "guide", "input": "say number seven", "generation": {"stop": [", as"]}, "stream": true}'
same 'what a stop text takes back is not told' "$(pieces stopped_told)" 'This is number seven'
stream both "{\"agent_id\": \"guide\", \"texts\": [\"say number two\", \"$long\", \"say number six\"], \"stream\": true}"
same 'the first of several' "$(pieces both 0)" 'This is number two, as you wished.'
same 'the last of several' "$(pieces both 2)" 'This is number six, as you wished.'
has both '"finish_reason":"refused"' '"answers":'
for i in one two three four five six seven eight; do
    stream beside_$i "{\"agent_id\": \"guide\", \"input\": \"say number $i\", \"stream\": true}" &
    drawing="$drawing $!"
    curl -s -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -o "$tmp/drawn_$i" \
        -d '{"agent_id": "guide", "input": "something else", "generation": {"temperature": 2, "seed": 5, "max_tokens": 20}}' "$url/api/v2/functions/invokeAgent" &
    drawing="$drawing $!"
done
wait $drawing
for i in one two three four five six seven eight; do
    same "number $i beside others" "$(pieces beside_$i)" "This is number $i, as you wished."
    sed 's/.*"output":\("[^"]*"\).*/\1/' "$tmp/drawn_$i" | cmp -s - "$tmp/said1" && pass || fail 'the same seed writes otherwise beside others'
done
# What fails before there is anything to tell has its own status.
same 'nobody of that name' "$(curl -s -o "$tmp/nobody" -w '%{http_code}' -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
    -d '{"agent_id": "nobody", "input": "say number seven", "stream": true}' "$url/api/v2/functions/invokeAgent")" 404
has nobody '"code": "NOT_FOUND"'
# The command line hears the same, by an address and by the socket of the state directory.
echo "$token" >"$tmp/token_file"
chmod 600 "$tmp/token_file"
run by_address 0 ask guide 'say hello' --stream --server "$url" --token-file "$tmp/token_file"
same 'by an address' "$(head -n 1 "$tmp/by_address")" "$wide"
run by_socket 0 ask guide 'say hello' --stream
same 'by the socket' "$(head -n 1 "$tmp/by_socket")" "$wide"
run unheard 4 ask nobody 'say hello' --stream
rm "$tmp/token_file"

# How a version writes unless a question says.
call() { # call NAME STATUS FUNCTION BODY
    same "$1" "$(curl -s -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -o "$tmp/$1" -w '%{http_code}' -d "$4" "$url/api/v2/functions/$3")" "$2"
}
call manner 200 deployAgentVersion '{"agent_id": "guide", "version_id": "1", "generation": {"temperature": 2, "seed": 5, "max_tokens": 20}}'
ask as_deployed 200 '{"agent_id": "guide", "input": "something else"}'
sed 's/.*"output":\("[^"]*"\).*/\1/' "$tmp/as_deployed" | cmp -s - "$tmp/said1" && pass || fail 'the version writes otherwise than it was deployed to'
ask as_asked 200 '{"agent_id": "guide", "input": "say number two", "generation": {"temperature": 0}}'
has as_asked 'This is number two, as you wished.'
call with_threshold 200 deployAgentVersion '{"agent_id": "guide", "version_id": "2", "threshold": 0}'
ask still_deployed 200 '{"agent_id": "guide", "input": "something else"}'
sed 's/.*"output":\("[^"]*"\).*/\1/' "$tmp/still_deployed" | cmp -s - "$tmp/said1" && pass || fail 'another threshold changes how the version writes'
call by_chance 422 deployAgentVersion '{"agent_id": "guide", "version_id": "1", "explore": {"rule": "softmax"}}'
has by_chance 'this agent writes its answers'
call as_trained 200 deployAgentVersion '{"agent_id": "guide", "version_id": "3", "generation": {}}'
ask again_greedy 200 '{"agent_id": "guide", "input": "say number two"}'
has again_greedy 'This is number two, as you wished.'
run chooser 0 train --agent chooser --data "$srcdir/etc/example/support-test.jsonl" --set epochs=1 -q
call not_written 422 deployAgentVersion '{"agent_id": "chooser", "version_id": "1", "generation": {"temperature": 1}}'
has not_written 'writes nothing'
stream chosen '{"agent_id": "chooser", "input": "where is my parcel", "stream": true}'
same 'an agent that chooses tells its answer at once' "$(sed -n 's/^event: //p' "$tmp/chosen")" answer

# The command line without a daemon heeds the version too. Weights that are mapped answer alike.
call short_manner 200 deployAgentVersion '{"agent_id": "guide", "version_id": "1", "generation": {"max_tokens": 3}}'
stop_daemon
run alone 0 ask guide 'say number two' --json
has alone '"tokens": 3' '"finish_reason": "length"'
run alone_drawn 0 ask guide 'say number two' --temperature 0.5 --json
has alone_drawn '"tokens": 3'

# Whoever waits for a stream is shown that somebody is here, also before a worker can write; a failure that nobody hears any more is in the log.
until_true() { # until_true WHAT COMMAND...: waits up to two minutes
    waited_for=$1
    shift
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ $tries -gt 1200 ] && { fail "never: $waited_for"; return 1; }
        sleep 0.1
    done
    pass
}
cat >"$tmp/late" <<END
#!/bin/sh
until [ -e "$tmp/go" ]; do
    [ -e "$tmp/bad" ] && exit 1
    sleep 0.1
done
exec "\$@"
END
chmod +x "$tmp/late"
HONE_WORKER_WRAPPER=$tmp/late
export HONE_WORKER_WRAPPER
: >"$tmp/late.access"
serve --access-log "$tmp/late.access" --set http.heartbeatMs=100 --set serving.answerMs=600000
: >"$tmp/unheard_told"
curl -sN -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -o "$tmp/unheard_told" -d '{"agent_id": "guide", "input": "say hello", "stream": true}' \
    "$url/api/v2/functions/invokeAgent" &
leaving=$!
until_true 'somebody who waits hears that somebody is here' grep -q '^:$' "$tmp/unheard_told"
kill $leaving
wait $leaving 2>/dev/null
until_true 'the daemon sees that the client has left' grep -q invokeAgent "$tmp/late.access"
touch "$tmp/bad"
until_true 'the log has the failure that nobody heard' grep -q 'invokeAgent with stream, whose client has left: ' "$tmp/serve.log"
rm "$tmp/bad"
touch "$tmp/go"
stream after_late '{"agent_id": "guide", "input": "say number two", "generation": {"max_tokens": 3}, "stream": true}'
has after_late 'event: answer'
[ "$(grep -c 'whose client has left' "$tmp/serve.log")" -eq 1 ] && pass || fail 'an answer that was heard is in the log too'
stop_daemon
unset HONE_WORKER_WRAPPER
serve --access-log "$tmp/access.log" --set serving.mapWeights=true
call long_manner 200 deployAgentVersion '{"agent_id": "guide", "version_id": "1", "generation": {}}'
ask mapped 200 '{"agent_id": "guide", "input": "say number two"}'
has mapped 'This is number two, as you wished.'
for worker in $(ps -o pid= --ppid "$daemon"); do
    cat "/proc/$worker/maps"
done >"$tmp/maps"
grep -q 'weights.safetensors' "$tmp/maps" && pass || fail 'the weights are not mapped'

# Long answers. Whoever goes away is not written for any more; a worker that dies meanwhile is replaced, and nobody hears anything twice.
awk 'BEGIN { for (i = 0; i < 400; i++) printf "The kettle number %d stands on the shelf, and the tea is hot.\n", i * 7919 % 1000 }' >"$tmp/prose.txt"
run talk 0 train --agent talker --data "$tmp/prose.txt" --set model=transformer --set modelOptions.text=running --set modelOptions.layers=1 --set modelOptions.width=32 \
    --set modelOptions.heads=2 --set modelOptions.vocab=258 --set modelOptions.context=32768 --set epochs=4 --set batchSize=4 --set learningRate=0.01 --set validationSplit=0 \
    --set earlyStopping=false --set checkpointInterval=0 -q
metric() {
    curl -s -H "Authorization: Bearer $(cat "$tmp/admin_token")" "$url/metrics" | sed -n "s/^$1 //p"
}
make_token admin >"$tmp/admin_token"
some_text() { grep -q '^event: text' "$tmp/$1"; }
more_failures() { [ "$(metric hone_serving_failures_total)" -gt "$failures" ]; }
failures=$(metric hone_serving_failures_total)
: >"$tmp/left"
curl -sN -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -o "$tmp/left" -d '{"agent_id": "talker", "input": "The", "stream": true}' \
    "$url/api/v2/functions/invokeAgent" & # by itself: a function would be a shell between us and it
leaving=$!
until_true 'the long answer begins' some_text left
kill $leaving
wait $leaving 2>/dev/null
until_true 'the writing ends when nobody reads' more_failures
ask still 200 '{"agent_id": "talker", "input": "The", "generation": {"max_tokens": 5}}'
same 'no worker died' "$(metric hone_serving_deaths_total)" 0
long_ask='{"agent_id": "talker", "input": "The kettle", "generation": {"max_tokens": 4000}, "stream": true}'
stream whole "$long_ask"
: >"$tmp/disturbed"
stream disturbed "$long_ask" &
asking=$!
until_true 'it begins once more' some_text disturbed
for worker in $(ps -o pid= --ppid "$daemon"); do
    kill -9 "$worker"
done
wait $asking
pieces whole >"$tmp/whole_text"
pieces disturbed >"$tmp/disturbed_text"
[ -s "$tmp/whole_text" ] && cmp -s "$tmp/whole_text" "$tmp/disturbed_text" && grep -q '"output_tokens":4000' "$tmp/disturbed" && pass || fail 'a worker that died changes what is told'
rm "$tmp/admin_token"
grep -q '"handler":"invokeAgent","status":200.*"tenant":"default"' "$tmp/access.log" && pass || fail 'a stream is not in the access log'
ask after 200 '{"agent_id": "guide", "input": "say number five"}'
has after 'This is number five, as you wished.'
# Pairs of answers, inline.
call() { # call NAME STATUS FUNCTION BODY
    same "$1" "$(curl -s -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -o "$tmp/$1" -w '%{http_code}' -d "$4" "$url/api/v2/functions/$3")" "$2"
}
pairs=$(sed 's/"expected_output": \(".*"\)}/"chosen": \1, "rejected": "Whatever."}/' "$tmp/pairs.jsonl" | paste -s -d , -)
call prefer 201 startTrainingJob "{\"agent_id\": \"guide\", \"training_data\": {\"examples\": [$pairs]}, \"deploy\": false, \"config\": {\"trainingType\": \"dpo\", \"base\": \"agent:guide\", \"epochs\": 1, \"validationSplit\": 0}}"
job=$(grep -o '"job_id":"[^"]*"' "$tmp/prefer" | head -n 1 | cut -d '"' -f 4)
tries=0
while call progress 200 monitorTrainingProgress "{\"job_id\": \"$job\"}"; ! grep -qE '"status":"(completed|failed)"' "$tmp/progress" && [ $tries -lt 600 ]; do
    tries=$((tries + 1))
    sleep 0.2
done
has progress '"status":"completed"' '"loss":0.69314' # ln 2: the base prefers neither to itself
finish
