#!/bin/sh
# What feedback does to an agent: rows marked `incorrect` help, taken as right they harm, and the agent does not drift towards them.
# On the example desk, and with HONE_DATA on CLINC150.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"
half="awk -f $srcdir/tests/bench/bandit_log.awk -v candidates=2 -v marks=1" # half of the answers right, half wrong and marked

accuracy() { # accuracy TRAIN TEST: thousandths
    hone train --agent a --data "$1" -q >"$tmp/out" 2>&1 || fail "training on $1: $(cat "$tmp/out")"
    hone evaluate latest --test "$2" --criteria accuracy --json -q >"$tmp/scored" 2>&1
    thousandths scored accuracy
}

# drifted MARKED: of the inputs marked incorrect, how many are answered with that very output (of 1000).
drifted() {
    grep '"incorrect"' "$1" | sed 's/, "feedback": "incorrect"//' >"$tmp/wrong.jsonl"
    hone evaluate latest --test "$tmp/wrong.jsonl" --criteria accuracy --json -q >"$tmp/scored" 2>&1
    thousandths scored accuracy
}

$half -v seed=1 "$data" "$data" >"$tmp/half.jsonl"
holds 'rows that are marked' "$(grep -c '"incorrect"' "$tmp/half.jsonl")" -ge 20
sed 's/, "feedback": "[a-z]*"//' "$tmp/half.jsonl" >"$tmp/unmarked.jsonl"
with=$(accuracy "$tmp/half.jsonl" "$fresh")
holds 'wrong answers of the desk that are given, of 1000' "$(drifted "$tmp/half.jsonl")" -le 50
harmed=$(accuracy "$tmp/unmarked.jsonl" "$fresh")
holds 'marks make the difference at the desk' "$with" -gt $((harmed + 100))

train=$HONE_DATA/clinc150/train.jsonl
if [ -n "$HONE_DATA" ] && [ -r "$train" ]; then
    sum=0
    for seed in 1 2; do
        $half -v seed=$seed "$train" "$train" >"$tmp/half.jsonl"
        grep -v '"incorrect"' "$tmp/half.jsonl" >"$tmp/right.jsonl"
        without=$(accuracy "$tmp/right.jsonl" "$HONE_DATA/clinc150/test.jsonl")
        with=$(accuracy "$tmp/half.jsonl" "$HONE_DATA/clinc150/test.jsonl")
        holds "wrong answers of CLINC150 that are given, of 1000 (seed $seed)" "$(drifted "$tmp/half.jsonl")" -le 5
        echo "CLINC150, seed $seed: $with with the marked rows, $without without (thousandths)"
        sum=$((sum + with - without))
    done
    holds 'marked rows add accuracy on CLINC150 (sum of two seeds, thousandths)' $sum -ge 4
else
    echo "skipped: no clinc150 under HONE_DATA"
fi
finish
