#!/bin/sh
# How long judging takes. On 100,000 rows of AG News and of CLINC150 (test rows over and over): answering them, and evaluating them by every
# metric of classification with its interval, both as their own whole commands on all threads. Comparing ten runs. 10,000 bootstrap resamples of 100,000 rows.
. "$(dirname "$0")/lib.sh"
need ag_news/train.jsonl ag_news/test.jsonl clinc150/train.jsonl clinc150/test.jsonl
hone() { "$build/hone" --state "$tmp/state" "$@"; }
metrics=accuracy,balanced_accuracy,precision,recall,f1_score,matthews_correlation,cohen_kappa,loss,perplexity,brier,calibration_error,top_k,mrr,roc_auc,average_precision
for set in ag_news clinc150; do
    hone train --agent $set --data "$data/$set/train.jsonl" -q >/dev/null
    n=$(wc -l <"$data/$set/test.jsonl")
    for i in $(seq $((100000 / n + 1))); do cat "$data/$set/test.jsonl"; done | head -n 100000 >"$tmp/rows.jsonl"
    : >"$tmp/ask"
    : >"$tmp/evaluate"
    for i in $(seq "${ROUNDS:-3}"); do
        timed "$build/hone" --state "$tmp/state" ask $set --batch "$tmp/rows.jsonl" --output "$tmp/answers"
        echo "$seconds" >>"$tmp/ask"
        timed "$build/hone" --state "$tmp/state" evaluate $set --test "$tmp/rows.jsonl" --criteria $metrics --learning-curve never -q
        echo "$seconds" >>"$tmp/evaluate"
    done
    awk -v set=$set -v a="$(median <"$tmp/ask")" -v e="$(median <"$tmp/evaluate")" \
        'BEGIN { printf "%s, 100000 rows: answering %.2f s, evaluating %.2f s (%.1f times), %s MB\n", set, a, e, e / a, "'"$mb"'" }'
done
runs=
for seed in 1 2 3 4 5 6 7 8 9 10; do
    hone train --agent r$seed --data "$data/clinc150/train.jsonl" --json -q --set epochs=2 --set seed=$seed >"$tmp/run"
    runs="$runs $(value "$tmp/run" job_id)"
done
# shellcheck disable=SC2086
timed "$build/hone" --state "$tmp/state" compare $runs --test "$data/clinc150/test.jsonl" --json -q
echo "comparing 10 runs on $(wc -l <"$data/clinc150/test.jsonl") rows, all 45 pairs: $seconds s"
timed "$build/tests/bench/resamples"
cat "$tmp/out"
