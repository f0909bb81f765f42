#!/bin/sh
# The main job as a user meets it: train, monitor, ask, show, list, delete; settings; the same weights for any number of threads.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"

# ---- for people ----
run train 0 train --agent support --data "$data"
has train 'status             completed' 'epoch' 'weights'
has train.err 'trains agent support' 'epoch 1/10' 'Next: hone ask support'
run ask 0 ask support 'my kettle came with a crack in it'
has ask 'I am sorry that it arrived damaged'
has ask.err 'confidence'

# ---- for programs ----
run json 0 train --agent support --data "$data" --json -q
job=$(value json job_id)
holds 'the JSON names the job' -n "$job"
has json '"status": "completed"' '"weights_sha256"' '"learningRate": 0.001' '"optimizer": "adam"' '"name": "linear"'
holds 'quiet is quiet' ! -s "$tmp/json.err"
run show 0 job show "$job" --json
same 'show has the weights' "$(value json weights_sha256)" "$(value show weights_sha256)"
same 'the file has that hash' "$(sha256sum <"$tmp/state/jobs/$job/weights.safetensors" | cut -d ' ' -f 1)" "$(value show weights_sha256)"
run monitor 0 monitor "$job" --history --checkpoints --json
has monitor '"percent_complete": 100' '"history"' '"checkpoints"' '"validation_accuracy"'
same 'one row an epoch' "$(sed -n '/"history"/,$p' "$tmp/monitor" | grep -c '"elapsed_ms"')" 10
run watch 0 monitor latest --follow
has watch 'completed'
run versions 0 agent show support --json
has versions '"number": 2'
run agents 0 agent list
has agents support
run jobs 0 job list --agent support --status completed --json
same 'two jobs' "$(grep -c '"job_id"' "$tmp/jobs")" 2

# The stored configuration trains the same weights again.
sed -n '/^  "config": {/,/^  }/p' "$tmp/show" | sed '1s/.*/{/; $s/.*/}/' >"$tmp/config.json"
run again 0 train --agent again --data "$data" --config "$tmp/config.json" --json -q
same 'the stored configuration gives the same weights' "$(value again weights_sha256)" "$(value show weights_sha256)"

# ---- the same bits for any number of threads, and for every model and optimizer ----
for threads in 2 4 8; do
    run threads 0 train --agent t --data "$data" --set threads=$threads --json -q
    same "$threads threads" "$(value threads weights_sha256)" "$(value json weights_sha256)"
done
for optimizer in sgd adam adamw adagrad lamb lbfgs; do
    for threads in 1 3; do
        few=
        [ $optimizer = lbfgs ] && few='--set optimizerOptions.max_iter=4'
        # shellcheck disable=SC2086
        run "$optimizer$threads" 0 train --agent o --data "$data" --set optimizer=$optimizer --set epochs=4 --set threads=$threads $few --json -q
    done
    same "$optimizer" "$(value ${optimizer}1 weights_sha256)" "$(value ${optimizer}3 weights_sha256)"
    n=$(thousandths ${optimizer}1 validation_accuracy)
    holds "$optimizer learns" "${n:-0}" -ge 100
done
run many 3 train --agent o --data "$data" --set optimizer=lbfgs --set optimizerOptions.history_size=100
has many.err 'copies of state'
run clipped 0 train --agent o --data "$data" --set optimizer=lbfgs --set optimizerOptions.max_iter=3 --set epochs=1 --set maxGradNorm=0.001 --json -q
run free 0 train --agent o --data "$data" --set optimizer=lbfgs --set optimizerOptions.max_iter=3 --set epochs=1 --json -q
holds 'maxGradNorm holds for lbfgs' "$(value clipped weights_sha256)" != "$(value free weights_sha256)"
for threads in 1 3; do
    run bow$threads 0 train --agent b --data "$data" --set model=bow --set epochs=4 --set threads=$threads --json -q
done
same bow "$(value bow1 weights_sha256)" "$(value bow3 weights_sha256)"
for scheduler in constant linear cosine polynomial reduce_lr_on_plateau; do
    run s 0 train --agent s --data "$data" --set schedulerType=$scheduler --set epochs=2 --json -q
    has s "\"schedulerType\": \"$scheduler\""
done

# ---- separate validation rows, none, weights and feedback ----
run valid 0 train --agent v --data "$data" --validation "$fresh" --json -q
n=$(thousandths valid validation_accuracy)
holds 'fresh rows validate' "${n:-0}" -ge 800
run none 0 train --agent n --data "$data" --set validationSplit=0 --json -q
has none '"validation_accuracy": null' '"validation": 0'

# ---- removing ----
run delete 5 job delete "$job"
has delete.err 'could not'
run delete 0 job delete "$job" --with-versions
run gone 4 job show "$job"
holds 'its files are gone' ! -e "$tmp/state/jobs/$job"
run ask 0 ask support 'my kettle came with a crack in it'

# ---- what is asked wrongly ----
run usage 2 train --agent x
has usage.err '--data FILE'
run usage 2 train --agent x --data "$data" --epochs 3
has usage.err '--epochs'
run usage 2 frobnicate
run usage 2 job
has usage.err 'list'
run usage 2 job lits
has usage.err 'did you mean list'
run help 0 help train
has help Examples
run version 0 --version
has version 'hone '
finish
