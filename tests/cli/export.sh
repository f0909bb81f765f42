#!/bin/sh
# `hone job export`: the history as CSV, JSON lines and TensorBoard events.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"

run train 0 train --agent a --data "$data" --json -q --set epochs=3 --set earlyStopping=false
run monitor 0 monitor latest --history --json
run csv 0 job export latest
[ "$(wc -l <"$tmp/csv" | tr -d ' ')" = 4 ] || fail "csv: not a head and three lines: $(cat "$tmp/csv")"
has csv 'epoch,step,loss,accuracy,validation_loss,validation_accuracy,learning_rate,gradient_norm,examples_per_second,token_usage,elapsed_ms'
[ "$(sed -n '4s/,.*//p' "$tmp/csv")" = 3 ] || fail "csv: the last line is not epoch 3"
# The numbers are those of the books, in full.
grep -F -q -e "\"validation_loss\": $(sed -n '2p' "$tmp/csv" | cut -d , -f 5)" "$tmp/monitor" || fail "csv: the validation loss is not that of the history"
run jsonl 0 job export latest --format jsonl
[ "$(grep -c '^{.*"validation_accuracy":.*}$' "$tmp/jsonl")" = 3 ] || fail "jsonl: $(cat "$tmp/jsonl")"
run events 0 job export latest --format tensorboard --output "$tmp/events.out.tfevents.1"
for tag in train/loss train/accuracy validation/loss validation/accuracy train/learning_rate; do
    [ "$(grep -a -o -e "$tag" "$tmp/events.out.tfevents.1" | wc -l | tr -d ' ')" = 3 ] || fail "tensorboard: not three of $tag"
done
grep -a -q 'brain.Event:2' "$tmp/events.out.tfevents.1" || fail "tensorboard: no version"
run bad 3 job export latest --format xls
has bad.err 'tensorboard'
run none 4 job export job_none
finish
