#!/bin/sh
# Few examples an output: 5 samples of the official training files, each of N rows an output, judged on the official test files; supervised
# with the defaults; the preset few-shot, what it solves without gradients, and what gradients alone give. WORDS=FILE.vec adds word vectors as
# a base, with and without, of one model and recipe. SEEDS and COUNTS choose others than 1 to 5 and "1 5 10".
. "$(dirname "$0")/lib.sh"

mean() {
    awk '{ s += $1; q += $1 * $1 } END { m = s / NR; v = NR > 1 ? (q - NR * m * m) / (NR - 1) : 0; printf "%.4f +- %.4f", m, sqrt(v > 0 ? v : 0) }'
}

# one LABEL TRAIN-ARGUMENT...: accuracy over the seeds.
one() {
    label=$1
    shift
    : >"$tmp/scores"
    for seed in ${SEEDS:-1 2 3 4 5}; do
        train=$tmp/rows-$seed.jsonl
        accuracy "$@" >>"$tmp/scores" || exit 1
    done
    printf '  %s %s' "$label" "$(mean <"$tmp/scores")"
}

table='--set trainingType=few_shot --set paradigmOptions.solve=false --set validationSplit=0 --set earlyStopping=false --set epochs=20
    --set modelOptions.hidden=100 --set modelOptions.word_share=0.9'
for set in ${SETS:-banking77 clinc150}; do
    need $set/train.jsonl $set/test.jsonl
    test=$data/$set/test.jsonl
    for n in ${COUNTS:-1 5 10}; do
        for seed in ${SEEDS:-1 2 3 4 5}; do
            sample "$data/$set/train.jsonl" "$n" "$seed" >"$tmp/rows-$seed.jsonl"
        done
        printf '%s, %s an output:' "$set" "$n"
        one supervised --set validationSplit=0
        one few-shot --preset few-shot --set calibrationFolds=0 "$@"
        one solved --preset few-shot --set calibrationFolds=0 --set epochs=1 --set paradigmOptions.fine_tune=false "$@"
        one gradient --preset few-shot --set calibrationFolds=0 --set paradigmOptions.solve=false "$@"
        if [ -n "${WORDS:-}" ]; then
            one without-words $table --set model=bow
            one words $table --set base="$WORDS"
        fi
        echo
    done
done
