#!/bin/sh
# Inputs that belong to no output: CLINC150's test rows with oos_test, trained on the rows of train.jsonl, none of which is out of scope. The
# threshold is found on held-out training rows, on val.jsonl, and on val.jsonl with the 100 rows of oos_val.jsonl.
. "$(dirname "$0")/lib.sh"
need clinc150/train.jsonl clinc150/val.jsonl clinc150/test.jsonl clinc150/oos_val.jsonl clinc150/oos_test.jsonl
set=$data/clinc150
cat "$set/test.jsonl" "$set/oos_test.jsonl" >"$tmp/test.jsonl"
cat "$set/val.jsonl" "$set/oos_val.jsonl" >"$tmp/val.jsonl"
train=$set/train.jsonl test=$tmp/test.jsonl

# one LABEL TRAIN-ARGUMENT...
one() {
    label=$1
    shift
    accuracy "$@" >/dev/null || exit 1
    "$build/hone" --state "$tmp/state" evaluate latest --test "$set/test.jsonl" --criteria accuracy --json -q >"$tmp/known"
    echo "| $label | $(value "$tmp/known" accuracy) | $(value "$tmp/evaluation" agent_threshold) | $(value "$tmp/evaluation" in_scope_accuracy) |" \
        "$(value "$tmp/evaluation" out_of_scope_recall) | $(value "$tmp/known" ece_before) | $(value "$tmp/known" ece) |" |
        awk '{ for (i = 1; i <= NF; i++) if ($i ~ /^0\.[0-9]+$/) $i = sprintf("%.3f", $i); print }'
}

echo '| threshold from | accuracy without refusing | threshold | in-scope accuracy | out-of-scope recall | ECE of the in-scope rows before | after |'
echo '| --- | --- | --- | --- | --- | --- | --- |'
one 'the defaults: a fifth of train.jsonl'
one 'val.jsonl' --validation "$set/val.jsonl"
one 'val.jsonl and oos_val.jsonl, `targetPrecision` 0.95' --validation "$tmp/val.jsonl" --set targetPrecision=0.95
one 'five folds of train.jsonl' --preset all-rows --set calibrationFolds=5
