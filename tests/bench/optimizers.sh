#!/bin/sh
# A table of the shelf: every optimizer with its own defaults on CLINC150 and BANKING77, ten epochs with batches of BATCH
# (128) examples, stopped after LIMIT seconds (120): test accuracy, processor seconds of the command, memory of the worker. "best" is the accuracy with the rate of FACTORS ("1 10": multiples of
# the optimizer's default rate) that does best on the rows held out of the training file. ONLY="adam sgd" takes these alone.
. "$(dirname "$0")/lib.sh"
need clinc150/train.jsonl clinc150/test.jsonl banking77/train.jsonl banking77/test.jsonl
limit=${LIMIT:-120}
batch=${BATCH:-128}
factors=${FACTORS:-1}
only=${ONLY:-$("$build/hone" plugin list --kind optimizer | awk 'NR > 1 { print $2 }')}

# one SET OPTIMIZER FACTOR: prints "held-out test seconds MB rate"; what cannot be trained has "-".
one() {
    rate=$(awk -v r="$default" -v f="$3" 'BEGIN { print r == "-" ? r : r * f }')
    set -- "$1" "$2" "$rate"
    [ "$3" = - ] && at= || at="--set learningRate=$3"
    # shellcheck disable=SC2086
    if ! /usr/bin/time -f '%U %S' -o "$tmp/time" "$build/hone" --state "$tmp/state" train --agent bench --data "$data/$1/train.jsonl" --set optimizer="$2" $at \
        --set batchSize="$batch" --set maxDurationMs=$((limit * 1000)) --json -q >"$tmp/job" 2>"$tmp/err"; then
        echo "- - - - $3"
        return
    fi
    "$build/hone" --state "$tmp/state" evaluate latest --test "$data/$1/test.jsonl" --criteria accuracy --json -q >"$tmp/evaluation"
    "$build/hone" --state "$tmp/state" job show latest --json >"$tmp/shown"
    echo "$(value "$tmp/shown" validation_accuracy)" "$(value "$tmp/evaluation" accuracy | awk '{ printf "%.3f", $1 }')" \
        "$(tail -n 1 "$tmp/time" | awk '{ printf "%.1f", $1 + $2 }')" "$(value "$tmp/shown" memory_usage_mb | awk '{ printf "%.0f", $1 }')" "$3" \
        "$(grep -q '"stop_reason": "time_budget"' "$tmp/job" && echo '*')"
    rm -rf "$tmp/state"
}

echo "| optimizer | lr | CLINC150 | s | MB | BANKING77 | s | MB |$([ "$factors" = 1 ] || echo ' best lr | CLINC150 |')"
echo "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |$([ "$factors" = 1 ] || echo ' ---: | ---: |')"
for name in $only; do
    "$build/hone" plugin inspect "$name" --json >"$tmp/about"
    default=$(awk '/"name": "lr"/ { seen = 1 } seen && /"default":/ { gsub(/[^0-9.e+-]/, "", $2); print $2; exit }' "$tmp/about")
    default=${default:--}
    line="| \`$name\` | $default |" best=
    for set in clinc150 banking77; do
        one $set "$name" 1 >"$tmp/row"
        read -r held test seconds mb rate cut <"$tmp/row"
        line="$line $test$cut | $seconds | $mb |"
        [ $set = clinc150 ] && best="$held $rate $test$cut"
    done
    for f in $factors; do
        [ "$f" = 1 ] && continue
        one clinc150 "$name" "$f" >"$tmp/row"
        read -r held test seconds mb rate cut <"$tmp/row"
        best=$(printf '%s\n%s\n' "$best" "$held $rate $test$cut" | sort -s -g -r -k 1,1 | head -n 1)
    done
    [ "$factors" = 1 ] || line="$line $(echo "$best" | awk '{ print $2 " | " $3 " |" }')"
    echo "$line"
done
echo "* stopped after $limit s"
