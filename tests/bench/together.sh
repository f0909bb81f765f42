#!/bin/sh
# Answers of an agent that writes, kept ready by a daemon: tokens for a second of its worker's processor time, for 1, 4 and 8 questions at
# once, which the worker writes in one pass a token. Ratios hold on a busy machine too, since time is the worker's own. TOKENS=N of each answer. Tokens are
# drawn (TEMPERATURE=T), since of greedy prose as even as this one most are guessed, several a pass.
. "$(dirname "$0")/lib.sh"
tokens=${TOKENS:-256} temperature=${TEMPERATURE:-1}
awk 'BEGIN { for (i = 0; i < 3000; i++) printf "The kettle number %d stands on shelf %d, and the tea in cup %d is %s.\n", i * 7919 % 1000, i * 104729 % 97, i % 31, i % 3 ? "hot" : "cold" }' >"$tmp/prose.txt"
"$build/hone" --state "$tmp/state" train --agent talker --data "$tmp/prose.txt" --set model=transformer --set modelOptions.text=running --set modelOptions.layers=4 \
    --set modelOptions.width=256 --set modelOptions.heads=8 --set modelOptions.vocab=512 --set modelOptions.context=1024 --set epochs=1 --set learningRate=0.003 \
    --set validationSplit=0 --set checkpointInterval=0 -q >/dev/null || exit 1
"$build/hone" --state "$tmp/state" serve --listen 127.0.0.1:0 --json >"$tmp/serve.out" 2>"$tmp/serve.err" &
daemon=$!
trap 'kill $daemon; wait $daemon; rm -rf "$tmp"' EXIT
until grep -q listening "$tmp/serve.out"; do
    kill -0 $daemon 2>/dev/null || { cat "$tmp/serve.err"; exit 1; }
    sleep 0.1
done
ask() { # ask N: asks N questions at once
    asking=
    for i in $(seq "$1"); do
        curl -s --unix-socket "$tmp/state/hone.sock" -H 'Content-Type: application/json' -o "$tmp/answer_$i" \
            -d "{\"agent_id\": \"talker\", \"input\": \"The kettle number $i\", \"generation\": {\"max_tokens\": $tokens, \"temperature\": $temperature, \"seed\": $i}}" http://localhost/api/v2/functions/invokeAgent &
        asking="$asking $!"
    done
    wait $asking
}
ticks() { # of the worker
    awk '{ print $14 + $15 }' "/proc/$worker/stat"
}
ask 1
worker=$(pgrep -P $daemon) || { cat "$tmp/answer_1"; exit 1; }
one=
for n in 1 4 8; do
    before=$(ticks) written=0
    for round in $(seq $((16 / n))); do
        ask $n
        for i in $(seq $n); do
            written=$((written + $(value "$tmp/answer_$i" output_tokens)))
        done
    done
    rate=$(awk -v n=$written -v t=$(($(ticks) - before)) -v hz="$(getconf CLK_TCK)" 'BEGIN { printf "%.0f", n * hz / t }')
    one=${one:-$rate}
    awk -v n=$n -v r="$rate" -v one="$one" 'BEGIN { printf "%d at once: %d tokens a second of processor time, %.2f times one alone\n", n, r, r / one }'
done
