#!/bin/sh
# What a base is worth, by five seeds: CLINC150 moved to BANKING77 with 10 examples an output, against the same model with the same
# recipe from nothing; and 30 outputs added to an agent that knows the 120 others of CLINC150: what it forgets of the rows that it was
# held out from, and how well it knows the new ones. WORDS=FILE.vec adds word vectors at 10 examples an output.
. "$(dirname "$0")/lib.sh"
need clinc150/train.jsonl clinc150/test.jsonl banking77/train.jsonl banking77/test.jsonl
seeds=${SEEDS:-1 2 3 4 5}
answer='function answer(line) { sub(/.*"expected_output": *"/, "", line); sub(/".*/, "", line); return line }
function draw(n, seed,    x, i) { x = (n * 7919 + seed * 104729) % 2147483647
    for (i = 0; i < 5; i++) x = (x * 16807 + int(x / 127) * (x % 127 + 1)) % 2147483647
    return x }'

# ten SEED: ten rows an output of BANKING77's train set.
ten() {
    awk -v seed="$1" "$answer"' { printf "%d\t%s\n", draw(NR, seed), $0 }' "$data/banking77/train.jsonl" | sort -n -k 1,1 | cut -f 2- |
        awk "$answer"' ++seen[answer($0)] <= 10'
}

# mean < numbers, one a line.
mean() {
    awk '{ s += $1; printf "%.4f ", $1 } END { printf "mean %.4f\n", s / NR }'
}

train() { # train AGENT FILE ARGUMENT...
    agent=$1 file=$2
    shift 2
    "$build/hone" --state "$tmp/state" train --agent "$agent" --data "$file" -q --json "$@" >"$tmp/job" 2>"$tmp/err" || { cat "$tmp/err"; exit 1; }
}

echo "CLINC150 to BANKING77, 10 examples an output, accuracy on the official test set:"
train base "$data/clinc150/train.jsonl" --set preset=transfer-base
test=$data/banking77/test.jsonl train=$tmp/ten.jsonl
for way in from_nothing base ${WORDS:+words_none words}; do
    for seed in $seeds; do
        ten "$seed" >"$train"
        case $way in
        from_nothing) accuracy --set validationSplit=0 --set model=bow --set 'modelOptions={"hidden":512,"scale":8}' ;;
        base) accuracy --set preset=transfer --set base=agent:base ;;
        words_none) accuracy --set validationSplit=0 --set model=bow --set 'modelOptions={"hidden":100}' ;;
        words) accuracy --set validationSplit=0 --set base="$WORDS" ;;
        esac
    done | mean | sed "s/^/  $way: /"
done

echo "30 outputs added to an agent that knows 120; change of accuracy on the 120's held-out rows, and accuracy of the 30 on the official test set:"
for seed in $seeds; do
    for part in train test; do
        awk -v seed="$seed" -v part="$part" -v dir="$tmp" "$answer"'
            FNR == NR { a = answer($0); if (!(a in rank)) rank[a] = draw(++n, seed); next }
            FNR == 1 { for (a in rank) { r = 0; for (b in rank) r += rank[b] < rank[a]; late[a] = r >= 120 } }
            { print >(dir "/" part (late[answer($0)] ? "-new.jsonl" : "-old.jsonl")) }' "$data/clinc150/train.jsonl" "$data/clinc150/$part.jsonl"
        for side in old new; do mv "$tmp/$part-$side.jsonl" "$tmp/$seed-$part-$side.jsonl"; done
    done
    train "old$seed" "$tmp/$seed-train-old.jsonl" --set model=linear
done
for way in plain replay distillation both; do
    case $way in
    plain) set -- --set trainingType=transfer --set paradigmOptions.keep_outputs=true ;;
    replay) set -- --set trainingType=transfer --set paradigmOptions.replay=6500 ;;
    distillation) set -- --set trainingType=transfer --set paradigmOptions.distill=3 ;;
    both) set -- --set preset=add-outputs ;;
    esac
    : >"$tmp/changes"
    : >"$tmp/news"
    for seed in $seeds; do
        train added "$tmp/$seed-train-new.jsonl" --set base="agent:old$seed" "$@"
        value "$tmp/job" change >>"$tmp/changes"
        "$build/hone" --state "$tmp/state" evaluate added --test "$tmp/$seed-test-new.jsonl" --criteria accuracy --json -q >"$tmp/evaluation"
        value "$tmp/evaluation" accuracy >>"$tmp/news"
    done
    echo "  $way: change $(mean <"$tmp/changes"); new $(mean <"$tmp/news")"
done
