#!/bin/sh
# What synthetic examples are worth with few examples: 5 samples of the official training file, each of 10 rows an output; 20 rows an output are
# generated from each; trained with and without them, judged on the official test file. The mean of the paired differences with its 95 % interval
# (Student's, 4 degrees of freedom), for the defaults, the defaults with all rows training, and the preset few-shot. SETS, SEEDS, COUNT and EACH choose others;
# arguments go to `hone generate`.
. "$(dirname "$0")/lib.sh"

# paired LABEL TRAIN-ARGUMENT...: accuracies without and with the new rows, one seed after the other.
paired() {
    label=$1
    shift
    : >"$tmp/pairs"
    for seed in $seeds; do
        train=$tmp/rows-$seed.jsonl
        without=$(accuracy "$@") || exit 1
        train=$tmp/both-$seed.jsonl
        echo "$without $(accuracy "$@")" >>"$tmp/pairs" || exit 1
    done
    awk -v label="$label" '{ a += $1; b += $2; d = $2 - $1; s += d; q += d * d }
        END { split("0 12.706 4.303 3.182 2.776 2.571 2.447 2.365 2.306 2.262", t, " ")
              m = s / NR; v = NR > 1 ? (q - NR * m * m) / (NR - 1) : 0; w = NR > 1 ? t[NR] * sqrt(v > 0 ? v / NR : 0) : 0
              printf "  %-12s %.4f without, %.4f with: %+.2f points, %+.2f to %+.2f\n", label, a / NR, b / NR, 100 * m, 100 * (m - w), 100 * (m + w) }' "$tmp/pairs"
}

seeds=${SEEDS:-1 2 3 4 5}
for set in ${SETS:-banking77}; do
    need $set/train.jsonl $set/test.jsonl
    test=$data/$set/test.jsonl
    for seed in $seeds; do
        sample "$data/$set/train.jsonl" "${COUNT:-10}" "$seed" >"$tmp/rows-$seed.jsonl"
        "$build/hone" --state "$tmp/state" module create --name "$set-$seed" --data "$tmp/rows-$seed.jsonl" -q >/dev/null || exit 1
        "$build/hone" --state "$tmp/state" generate "$set-$seed" --per-output "${EACH:-20}" --no-keep --output "$tmp/new-$seed.jsonl" --json -q "$@" >"$tmp/generated" || exit 1
        cat "$tmp/rows-$seed.jsonl" "$tmp/new-$seed.jsonl" >"$tmp/both-$seed.jsonl"
    done
    echo "$set, ${COUNT:-10} rows an output and $(wc -l <"$tmp/new-$seed.jsonl") generated ones (last sample; diversity $(value "$tmp/generated" diversity_score)):"
    paired defaults
    paired 'all rows' --set validationSplit=0
    paired few-shot --preset few-shot --set calibrationFolds=0
done
