#!/bin/sh
# Agents that write judged: metrics of texts with their intervals, what such an agent cannot be asked, comparison of two, report and its verification.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"

i=0
for thing in kettle lamp chair table spoon plate mirror clock; do
    for place in kitchen cellar garden attic; do
        i=$((i + 1))
        echo "{\"input\": \"where is the $thing of the $place\", \"expected_output\": \"The $thing stands in the $place, behind door $i.\"}"
    done
done >"$tmp/pairs.jsonl"
sed 's/where is the/tell me, where is the/' "$tmp/pairs.jsonl" >"$tmp/fresh.jsonl"
cat >"$tmp/small.conf" <<'END'
model = "transformer";
modelOptions = { layers = 2; width = 48; heads = 4; kv_heads = 2; vocab = 320; context = 64; };
epochs = 60; batchSize = 4; optimizer = "adamw"; learningRate = 0.005; labelSmoothing = 0.0; validationSplit = 0.0; earlyStopping = false; checkpointInterval = 0;
END
run good 0 train --agent guide --data "$tmp/pairs.jsonl" --config "$tmp/small.conf" --json -q
run weak 0 train --agent weak --data "$tmp/pairs.jsonl" --config "$tmp/small.conf" --json -q --set epochs=2
good=$(value good job_id) weak=$(value weak job_id)

run usual 0 evaluate "$good" --test "$tmp/fresh.jsonl" --json
has usual '"accuracy"' '"exact_match"' '"chrf"' '"rouge"' '"bleu"' '"method": "bootstrap"' '"the agent writes its answers; models on parts' '"nats_per_character"' '"token_perplexity"' '"method": "influence"'
run texts 0 evaluate "$good" --test "$tmp/pairs.jsonl" --criteria exact_match,relevance,edit_similarity,word_error_rate,distinct_n,consistency,safety,latency --json
chrf=$(thousandths usual chrf)
holds 'what it was taught comes near' "$(thousandths texts edit_similarity)" -ge 600
holds 'the worse question gets the worse answer' "$(thousandths texts relevance)" -ge "$chrf"
# exact_match is what `hone ask` writes, compared by hand.
sed 's/.*"input": "\([^"]*\)".*/\1/' "$tmp/pairs.jsonl" >"$tmp/inputs"
run ask 0 ask guide --batch "$tmp/inputs" --format lines --output "$tmp/answers" -q
right=$(sed 's/.*"expected_output": //; s/}$//' "$tmp/pairs.jsonl" | paste - "$tmp/answers" | awk -F '\t' 'index($2, "\"output\": " $1) || index($2, "\"output\":" $1) { n++ } END { print n + 0 }')
same 'exact_match' "$(thousandths texts exact_match)" "$(awk -v n="$right" 'BEGIN { printf "%d", n / 32 * 1000 + 0.5 }')"
cp "$tmp/texts" "$tmp/first"
run texts 0 evaluate "$good" --test "$tmp/pairs.jsonl" --criteria exact_match,relevance,edit_similarity,word_error_rate,distinct_n,consistency,safety --json
for metric in exact_match relevance edit_similarity word_error_rate consistency; do
    same "$metric again" "$(value first $metric)" "$(value texts $metric)"
done
for metric in roc_auc top_k brier calibration_error loss perplexity; do
    run refused 3 evaluate "$good" --test "$tmp/pairs.jsonl" --criteria $metric
    has refused.err "the metric $metric needs the probabilities of outputs, and this agent writes"
done
run compare 0 compare "$good" "$weak" --test "$tmp/fresh.jsonl" --json
has compare '"p_value"' '"loss": null'
run people 0 compare "$good" "$weak" --test "$tmp/fresh.jsonl"
run left_a 0 train --agent left_a --data "$tmp/pairs.jsonl" --config "$tmp/small.conf" --json -q --set epochs=1 --set validationSplit=0.25
run left_b 0 train --agent left_b --data "$tmp/pairs.jsonl" --config "$tmp/small.conf" --json -q --set epochs=2 --set validationSplit=0.25
# How likely the expected answers are: what training found of the same rows, and likelier for who has learned more.
run of_left 0 evaluate "$(value left_b job_id)" --criteria nats_per_character --json
run history 0 monitor "$(value left_b job_id)" --history --json
served=$(value left_b served_epoch)
same 'nats a character of the epoch that is served' "$(thousandths of_left nats_per_character)" \
    "$(sed -n '/"history"/,$s/.*"nats_per_character": \([0-9.]*\).*/\1/p' "$tmp/history" | awk -v n="${served:-2}" 'NR == n { printf "%d", $1 * 1000 + 0.5 }')"
for job in $good $weak; do
    run "of_$job" 0 evaluate "$job" --test "$tmp/fresh.jsonl" --criteria nats_per_character,token_perplexity --json
done
holds 'who has learned more is surer of what is right' "$(thousandths "of_$good" nats_per_character)" -lt "$(thousandths "of_$weak" nats_per_character)"
holds 'and hesitates among fewer tokens' "$(thousandths "of_$good" token_perplexity)" -lt "$(thousandths "of_$weak" token_perplexity)"
run chooser 0 train --agent chooser --data "$data" --set epochs=1 --json -q
run of_chooser 3 evaluate "$(value chooser job_id)" --criteria nats_per_character
has of_chooser.err 'ask for loss or perplexity'
run both 0 compare "$(value left_a job_id)" "$(value left_b job_id)" --json
has both '"source": "held_out"' '"rows": 8' '"trained_on": 0'
long=$(printf 'word %.0s' $(seq 1 200))
{ cat "$tmp/fresh.jsonl"; echo "{\"input\": \"$long\", \"expected_output\": \"Nowhere.\"}"; } >"$tmp/one_long.jsonl"
run one_long 0 evaluate "$good" --test "$tmp/one_long.jsonl" --json
has one_long '1 of 33 inputs leave no room' '"rows": 33'
run report 0 report "$good" --format html --output "$tmp/r.html" -q
run verify 0 report --verify "$tmp/r.html"
run held 8 evaluate "$good"
finish
