#!/bin/sh
# shellcheck disable=SC2086 # $options are several words
# Training that starts from a base: weights of an agent, a job, a checkpoint or a file, and word vectors; bases that are none.
. "${srcdir:-.}/tests/cli/lib.sh"

# The example data in two: the outputs that come first in the file and the others, of which the learner gets few rows.
awk -v old="$tmp/old.jsonl" -v few="$tmp/few.jsonl" -v others="$tmp/few-test.jsonl" '
    { answer = $0; sub(/.*"expected_output": *"/, "", answer); sub(/".*/, "", answer) }
    !(answer in number) { number[answer] = n++ }
    number[answer] < 30 { print >old; next }
    { print >(++seen[answer] <= 3 ? few : others) }' "$data"
holds "rows to learn from" "$(wc -l <"$tmp/few.jsonl")" -eq 60
holds "rows to test on" "$(wc -l <"$tmp/few-test.jsonl")" -ge 300

# ---- weights ----
options='--set modelOptions.scale=8 --set epochs=15 --set validationSplit=0'
run old 0 train --agent old --data "$tmp/old.jsonl" --set model=bow --set 'modelOptions={"hidden":256,"scale":16}' --set epochs=8 --json
job=$(value old job_id)
weights=$tmp/state/$(value old weights_file)
run none 0 train --agent none --data "$tmp/few.jsonl" --set model=bow --set 'modelOptions={"hidden":256,"scale":8}' --set epochs=15 --set validationSplit=0 --json
run none_score 0 evaluate none --test "$tmp/few-test.jsonl" --criteria accuracy --json
run based 0 train --agent based --data "$tmp/few.jsonl" --set base=old $options --json
run based_score 0 evaluate based --test "$tmp/few-test.jsonl" --criteria accuracy --json
holds "the base helps" "$(thousandths based_score accuracy)" -gt "$(thousandths none_score accuracy)"
run show 0 job show based
has show 'the model of the base' 'Taken from the base' '"tensor":"embedding"' 'rows_taken' '"known":0'
same "options of the base" "$(value based hidden)" 256

# The same base by each of its names gives the same weights.
want=$(value based weights_sha256)
for base in "$job" agent:old "file:$weights"; do
    run again 0 train --agent again --data "$tmp/few.jsonl" --set base="$base" $options --json
    same "weights from $base" "$(value again weights_sha256)" "$want"
done
for threads in 1 8; do
    run threads 0 train --agent threads --data "$tmp/few.jsonl" --set base=old $options --set threads=$threads --json
    same "weights with $threads threads" "$(value threads weights_sha256)" "$want"
done

# A job is resumed from its own copy of the base.
cp "$weights" "$tmp/gone.safetensors"
run paused 0 train --agent paused --data "$tmp/few.jsonl" --set base="$tmp/gone.safetensors" $options --set checkpointInterval=2 --json
rm "$tmp/gone.safetensors"
same "weights of a file" "$(value paused weights_sha256)" "$want"
checkpoint=$(ls "$tmp/state/jobs/$(value paused job_id)" | grep checkpoint- | tail -n 1)
run from_checkpoint 0 train --agent c --data "$tmp/few.jsonl" --set base="$tmp/state/jobs/$(value paused job_id)/$checkpoint" --json
has from_checkpoint '"taken"' '"known": 20'

# ---- new outputs beside old ones: what is forgotten, with and without means against it ----
awk '{ answer = $0; sub(/.*"expected_output": *"/, "", answer); sub(/".*/, "", answer)
       if (!(answer in number)) number[answer] = n++
       print >(number[answer] < 30 ? "'"$tmp"'/known.jsonl" : "'"$tmp"'/added.jsonl") }' "$data"
forgetting() { # forgetting AGENT BASE OPTION...: trains AGENT on the new outputs alone; $before, $after: thousandths
    forgetting_agent=$1 forgetting_base=$2
    shift 2
    run forgot 0 train --agent "$forgetting_agent" --data "$tmp/added.jsonl" --set trainingType=transfer --set base="$forgetting_base" "$@" --json
    sed -n '/"forgetting"/,/}/p' "$tmp/forgot" >"$tmp/forgetting"
    before=$(thousandths forgetting before) after=$(thousandths forgetting after)
}
run known 0 train --agent known --data "$tmp/known.jsonl" --set model=linear
forgetting plain known --set paradigmOptions.keep_outputs=true
plain=$((before - after))
holds "the base knows its rows" "$before" -ge 700
holds "plain training forgets" $plain -ge 30
same "outputs" "$(value forgetting outputs)" 30
run ask_plain 0 job show plain
has ask_plain Forgetting 'before' 'change' '"known":30'
run monitor_plain 0 monitor plain
has monitor_plain 'forgetting' 'held-out rows of the base'
run report_plain 0 report plain --format markdown
has report_plain 'What it forgot of its base' 'Outputs that both know'
run report_metrics 0 report plain --format json --sections metrics
has report_metrics '"forgetting"'
run report_data 0 report plain --format json --sections data
lacks report_data '"forgetting"'
forgetting replayed known --set paradigmOptions.replay=600
holds "replay keeps what was known" $((before - after)) -le 10
has forgot "of the base's training rows are trained on too"
hone job show known --json >"$tmp/known"
cp "$tmp/state/$(value known weights_file)" "$tmp/alone.safetensors"
forgetting distilled "$tmp/alone.safetensors" --set paradigmOptions.distill=2
has forgetting 'are not known'
run monitor_distilled 0 monitor distilled
has monitor_distilled 'not measured' 'are not known'
run report_distilled 0 report distilled --format markdown
has report_distilled 'Not measured' 'are not known'
run no_rows 3 train --agent no_rows --data "$tmp/added.jsonl" --set trainingType=transfer --set base="$tmp/alone.safetensors" --set paradigmOptions.replay=10
has no_rows.err 'the rows that the base was trained on are not known'
run no_base 3 train --agent no_base --data "$data" --set trainingType=transfer
has no_base.err "trainingType 'transfer'" 'needs a base'

# The base may go: its rows and weights lie beside the job.
hone job show replayed --json >"$tmp/replayed"
ls "$tmp/state/jobs/$(value replayed job_id)" >"$tmp/files"
has files base- .safetensors

# ---- word vectors ----
printf '2 4\nparcel 0.5 -0.25 1 0\nrefund 1 1 0.5 0.25\n' >"$tmp/words.vec"
run vectors 0 train --agent vectors --data "$data" --set base="$tmp/words.vec" --set epochs=1 --json
has vectors 'word vectors need a table of words' '"rows_taken": 2'
run narrow 3 train --agent vectors --data "$data" --set base="$tmp/words.vec" --set model=bow
has narrow.err 'have 4 numbers' '128' 'hidden = 4'
run no_table 3 train --agent vectors --data "$data" --set base="$tmp/words.vec" --set model=linear
has no_table.err "model 'linear' has no table of words"
printf 'parcel 0.5 nan\n' >"$tmp/nan.vec"
run not_finite 1 train --agent vectors --data "$data" --set base="$tmp/nan.vec"
has not_finite.err "nan.vec:1: number 2 of 'parcel' is 'nan'"
printf 'qqqq 1 2\n' >"$tmp/foreign.vec"
run foreign 3 train --agent vectors --data "$data" --set base="$tmp/foreign.vec"
has foreign.err 'none of the 1 words'

# ---- bases that are none ----
run missing 4 train --agent m --data "$data" --set base=nobody
has missing.err "config.base" "there is no agent, job, checkpoint or file 'nobody'"
run no_file 4 train --agent m --data "$data" --set base="$tmp/nothing.safetensors"
has no_file.err "config.base" "nothing.safetensors"
run no_job 4 train --agent m --data "$data" --set base=job_0000
has no_job.err "config.base"
run other_model 3 train --agent m --data "$data" --set base=old --set model=linear
has other_model.err "holds weights of model 'bow', and config.model asks for 'linear'"
run linear 0 train --agent linear --data "$tmp/old.jsonl" --set epochs=1
run strangers 3 train --agent m --data "$tmp/few.jsonl" --set base=linear
has strangers.err 'none of the 20 outputs'
head -c 20000 "$weights" >"$tmp/short.safetensors"
run short 1 train --agent m --data "$data" --set base="$tmp/short.safetensors"
has short.err 'config.base' 'short.safetensors'
echo '{"input":"a","expected_output":"b"}' >"$tmp/text.safetensors"
run text 1 train --agent m --data "$data" --set base="$tmp/text.safetensors"
has text.err 'config.base'
run own 4 train --agent m --data "$data" --set base=m
has own.err "there is no agent"
chmod +w "$weights" && printf 'x' | dd of="$weights" bs=1 seek=100000 conv=notrunc 2>/dev/null
run damaged 1 train --agent m --data "$data" --set base=old
has damaged.err 'config.base' 'SHA-256'
run list 4 agent show m
finish
