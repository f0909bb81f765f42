#!/bin/sh
# Learning from rewards on CLINC150. From a log: one action a row, drawn evenly from 10 outputs of which the right one is one, one pass over
# the train set, learned from with the preset `bandit`; accuracy on the test set. On-policy: one pass over the shuffled train set against a
# simulated user, average reward of the actions taken, SquareCB (plain, and with balance) beside epsilon-greedy 0.05 with the same model,
# features and optimizer. 5 seeds.
. "$(dirname "$0")/lib.sh"
here=$(dirname "$0")
need clinc150/train.jsonl clinc150/test.jsonl
labelled=$data/clinc150/train.jsonl test=$data/clinc150/test.jsonl

# reward RULE-SETTINGS...: the average reward of one pass.
reward() {
    "$build/hone" --state "$tmp/state" train --agent online --data "$labelled" -q --set trainingType=reinforcement --set paradigmOptions.rewards=labels \
        --set paradigmOptions.reward_model=independent --set validationSplit=0 --set epochs=1 --set checkpointInterval=0 --set schedulerType=constant \
        --set optimizer=adagrad --set learningRate=0.03 --set optimizerOptions.initial_accumulator_value=0.01 --set batchSize="$batch" --set seed="$seed" "$@" \
        >/dev/null 2>"$tmp/err" || { cat "$tmp/err"; exit 1; }
    "$build/hone" --state "$tmp/state" monitor latest --history --json >"$tmp/history"
    value "$tmp/history" score
}

batch=4
for seed in 1 2 3 4 5; do
    train=$tmp/log.jsonl
    awk -v seed=$seed -f "$here/bandit_log.awk" "$labelled" "$labelled" >"$train"
    logged=$(accuracy --preset bandit --set seed=$seed)
    squarecb=$(reward --set paradigmOptions.explore=squarecb --set paradigmOptions.gamma=1e5)
    balanced=$(reward --set paradigmOptions.explore=squarecb --set paradigmOptions.gamma=1e5 --set paradigmOptions.balance=0.6)
    greedy=$(reward --set paradigmOptions.explore=epsilon_greedy --set paradigmOptions.epsilon=0.05)
    echo "seed $seed: from the log $logged; on-policy squarecb $squarecb, with balance $balanced, epsilon_greedy $greedy"
    echo "$logged $squarecb $balanced $greedy" >>"$tmp/all"
done
awk '{ a += $1; b += $2; c += $3; d += $4 } END { printf "mean: from the log %.4f; on-policy squarecb %.4f, with balance %.4f, epsilon_greedy %.4f\n", a / NR, b / NR, c / NR, d / NR }' "$tmp/all"
