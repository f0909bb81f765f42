#!/bin/sh
# Presets on cases made for them, beside quick, accurate and the defaults. imbalanced: CLINC150 cut so that output k of 150, in an order drawn
# by the seed, keeps 100 x 0.03^(k / 149) of its rows, 100 to 3; balanced accuracy on the official test rows. many-outputs: CLINC150 and
# BANKING77 as one set of 227 outputs: accuracy, seconds, megabytes. SEEDS chooses others than 1 to 3.
. "$(dirname "$0")/lib.sh"
need clinc150/train.jsonl clinc150/test.jsonl banking77/train.jsonl banking77/test.jsonl
answer='function answer(line) { sub(/.*"expected_output": *"/, "", line); sub(/".*/, "", line); return line }
function draw(n, seed,    x, i) { x = (n * 7919 + seed * 104729) % 2147483647
    for (i = 0; i < 5; i++) x = (x * 16807 + int(x / 127) * (x % 127 + 1)) % 2147483647
    return x }'

# one PRESET-ARGUMENT...: trains on $train; $right, $balanced on $test, $seconds and $mb of the training.
one() {
    timed "$build/hone" --state "$tmp/state" train --agent bench --data "$train" -q "$@"
    "$build/hone" --state "$tmp/state" evaluate latest --test "$test" --criteria accuracy,balanced_accuracy --json -q >"$tmp/evaluation"
    right=$(value "$tmp/evaluation" accuracy)
    balanced=$(value "$tmp/evaluation" balanced_accuracy)
}

train=$tmp/train.jsonl test=$data/clinc150/test.jsonl
for preset in defaults quick accurate imbalanced; do
    for seed in ${SEEDS:-1 2 3}; do
        awk -v seed="$seed" "$answer"'
            FNR == NR { a = answer($0); if (!(a in rank)) rank[a] = draw(++n, seed); next }
            FNR == 1 { for (a in rank) { r = 0; for (b in rank) r += rank[b] < rank[a]; keep[a] = int(100 * 0.03 ^ (r / (n - 1)) + 0.5) } }
            ++seen[answer($0)] <= keep[answer($0)]' "$data/clinc150/train.jsonl" "$data/clinc150/train.jsonl" >"$train"
        if [ $preset = defaults ]; then one; else one --preset $preset --set calibrationFolds=0; fi
        echo "$balanced $right $seconds"
    done | awk -v name="$preset" '{ b += $1; a += $2; s += $3 } END { printf "imbalanced CLINC150, %s: balanced accuracy %.4f, accuracy %.4f, %.1f s\n", name, b / NR, a / NR, s / NR }'
done

cat "$data/clinc150/train.jsonl" "$data/banking77/train.jsonl" >"$train"
cat "$data/clinc150/test.jsonl" "$data/banking77/test.jsonl" >"$tmp/test.jsonl"
test=$tmp/test.jsonl
for preset in defaults quick accurate many-outputs; do
    if [ $preset = defaults ]; then one; else one --preset $preset; fi
    echo "CLINC150 and BANKING77 together, $preset: accuracy $right, $seconds s, $mb MB"
done
