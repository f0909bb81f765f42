#!/bin/sh
# Logged actions: training without an accuracy, off-policy estimates, and what must be refused.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"

# A log of the example desk: of five outputs, the right one among them, one is done by turns.
awk -f "$srcdir/tests/bench/bandit_log.awk" -v seed=1 -v candidates=3 "$data" "$data" >"$tmp/log.jsonl"
awk -f "$srcdir/tests/bench/bandit_log.awk" -v seed=2 -v candidates=3 "$data" "$data" >"$tmp/other.jsonl"
holds 'the log has rewards' "$(grep -c '"reward": 1' "$tmp/log.jsonl")" -ge 10
holds 'and failures' "$(grep -c '"reward": 0' "$tmp/log.jsonl")" -ge 10

run train 0 train --agent desk --data "$tmp/log.jsonl" --set trainingType=reinforcement --set paradigmOptions.algorithm=dr --json -q
job=$(value train job_id)
run shown 0 monitor "$job" --history --json
has shown '"score_name": "reward_dr"'
has shown '"validation_accuracy": null'
has shown '"phase": 2'
run table 0 monitor "$job" --history
has table 'reward_dr'
has table 'VALIDATION reward_dr'

# What the log teaches is more than what it was.
run scored 0 evaluate "$job" --test "$fresh" --criteria accuracy --json
holds 'accuracy on fresh rows, in thousandths' "$(thousandths scored accuracy)" -ge 500

run held 8 evaluate "$job"
has held.err 'say what was done, not what is right'
run off 0 evaluate "$job" --log "$tmp/other.jsonl" --json
for key in effective_sample_size mean_ratio log_average_reward standard_error ips snips dm dr switch_dr; do
    has off "\"$key\""
done
run off 0 evaluate "$job" --log "$tmp/other.jsonl" --policy softmax
has off 'draws from its confidences'
run off 0 evaluate "$job" --log "$tmp/other.jsonl"
has off 'switch_dr'
lacks off 'trained on this very log'
# switch_dr is the model alone where a ratio is above the limit, and doubly robust below it.
estimate() { # estimate FILE NAME
    tr -d ' \n' <"$tmp/$1" | sed 's/{"name"/\n&/g' | sed -n "s/^{\"name\":\"$2\",\"value\":\([0-9.e-]*\).*/\1/p"
}
run always 0 evaluate "$job" --log "$tmp/other.jsonl" --switch-at 0 --json
same 'a limit of 0 is the model alone' "$(estimate always switch_dr)" "$(estimate always dm)"
run never 0 evaluate "$job" --log "$tmp/other.jsonl" --switch-at 1e9 --json
same 'without a limit it is doubly robust' "$(estimate never switch_dr)" "$(estimate never dr)"
holds 'which are two things' "$(estimate never dr)" != "$(estimate always dm)"
run refused 2 evaluate "$job" --switch-at 5
has refused.err '--policy and --switch-at go with --log'
run same_log 0 evaluate "$job" --log "$tmp/log.jsonl" --json
has same_log 'trained on this very log'
run refused 2 evaluate "$job" --log "$tmp/other.jsonl" --test "$fresh"
run refused 2 evaluate "$job" --policy best
run refused 3 evaluate "$job" --log "$data"
has refused.err 'metadata.propensity is missing'
run refused 3 train --agent none --data "$data" --set trainingType=reinforcement --set paradigmOptions.algorithm=ips -q
has refused.err 'metadata.propensity'
run refused 3 train --agent none --data "$tmp/log.jsonl" --set trainingType=reinforcement --set monitor=validation_accuracy -q
has refused.err 'monitor validation_loss'

# Answers by chance: each with the probability of the rule, recorded, and the same for the same seed.
run drawn 0 ask desk "do you take paypal" --explore epsilon_greedy:0.5 --seed 7 --json
has drawn '"interaction_id": "intr_' '"propensity"'
first=$(value drawn output) p=$(value drawn propensity)
run again 0 ask desk "do you take paypal" --explore epsilon_greedy:0.5 --seed 7 --json
same 'the answer of a seed' "$first" "$(value again output)"
outputs=$(hone job show "$job" --json | sed -n 's/.*"outputs": *\([0-9]*\).*/\1/p' | head -n 1)
case $(value drawn best) in
true) want=$(awk -v n="$outputs" 'BEGIN { printf "%.4f", 0.5 + 0.5 / n }') ;;
*) want=$(awk -v n="$outputs" 'BEGIN { printf "%.4f", 0.5 / n }') ;;
esac
same 'the propensity of epsilon-greedy' "$(awk -v p="$p" 'BEGIN { printf "%.4f", p }')" "$want"
i=0
while [ $i -lt 200 ]; do echo "do you take paypal"; i=$((i + 1)); done >"$tmp/questions"
hone ask desk - --explore epsilon_greedy:0.5 --seed 3 --json <"$tmp/questions" >"$tmp/many"
best=$(grep -c '"best": true' "$tmp/many")
holds 'best answers among 200 at epsilon 0.5 (four deviations)' "$best" -ge 72
holds 'and not more' "$best" -le 140
for rule in softmax softmax:0.5 squarecb squarecb:100; do
    run rule 0 ask desk "do you take paypal" --explore $rule --json
    has rule '"propensity"'
done
run rule 2 ask desk "text" --explore thompson
run rule 2 ask desk "text" --explore epsilon_greedy:2
run rule 2 ask desk --batch "$fresh" --explore softmax
run rule 3 ask desk "text" --seed 3
finish
