# The scenarios of scarce.sh. SAME=1: what is printed does not depend on the moment. Not a test itself.
SAME=1
# OpenBLAS brings libgfortran.so.5, whose constructor (GCC's libgfortran/runtime/main.c: init(), io/unit.c: init_units()) calls exit(1) when the name
# or the buffer of a standard unit cannot be allocated; its destructor then frees what was never set up (SIGABRT). It cannot be loaded without them.
# hone tells of the worker's death, leaves nothing and works again, which is checked.
KNOWN=/libgfortran.so
export SAME KNOWN
SAME="" scenario version --version --json
scenario functions functions --json
scenario config_show config show --json
scenario config_file config show --config set.conf --preset quick --set epochs=3 --json
scenario config_explain config explain epochs
scenario preset_list preset list --json
scenario preset_show preset show quick
for to in jsonl csv tsv json fasttext chat alpaca text; do
    scenario "check_$to" data check "rows.$to" --format "$to" --json
done
for to in csv json chat fasttext; do
    scenario "convert_$to" data convert rows.jsonl "out.$to" --to "$to" --lossy
done
scenario split data split rows.jsonl a.jsonl b.jsonl
scenario tokenizer data tokenizer rows.jsonl tokens.json --size 300
SAME="" HONE_PLUGIN_PATH=$start/plugins scenario plugin_list plugin list --json
HONE_PLUGIN_PATH=$start/plugins scenario plugin_inspect plugin inspect adamw
ENDS=,5, scenario plugin_new plugin new metric mine --dir new
scenario scheduler scheduler preview cosine --steps 20 --svg out.svg
scenario job_list job list --json
scenario job_table job list
scenario job_show job show one --json
scenario job_export job export one --format csv --output out.csv
scenario tensorboard job export one --format tensorboard --output out.events
scenario monitor monitor one --history --json
for format in markdown html json csv junit latex; do
    SAME='' scenario "report_$format" report one --format $format --output "out.$format"
done
SAME='' scenario verify report --verify made.md
scenario agent_show agent show one
ENDS=,5, scenario model_export model export writer out
scenario model_import model import folder out.safetensors
scenario pipeline_check pipeline check flow.conf
scenario pipeline_show pipeline show flow.conf --svg out.svg
scenario db_check db check --json
scenario db_migrate db migrate
scenario token_list token list --json
scenario usage usage --json
unset SAME
SERVES=1 scenario serve serve --listen 127.0.0.1:0 --json
# shellcheck disable=SC2086
{
    scenario train_linear train --agent new --data rows.jsonl $small
    scenario train_csv train --agent new --data rows.csv --validation test.jsonl $small
    scenario train_bow train --agent new --data rows.jsonl $small --set model=bow --set modelOptions.hidden=4
    scenario train_writer train --agent new --data rows.jsonl $writer
    scenario train_few train --agent new --data rows.jsonl $small --set paradigm=few_shot
    scenario train_rewards train --agent new --data rewards.jsonl $small --set paradigm=reinforcement
    scenario train_transfer train --agent new --data rows.jsonl $small --set paradigm=transfer --set base=one
    scenario train_vectors train --agent new --data rows.jsonl $small --set model=bow --set modelOptions.hidden=3 --set base=words.vec
    scenario train_checkpoints train --agent new --data rows.jsonl $small --set epochs=2 --set checkpointInterval=1
}
scenario resume job resume cut
scenario train_preset train --agent new --data rows.jsonl --config set.conf --preset quick
scenario evaluate evaluate one --test test.jsonl --json
# shellcheck disable=SC2086
scenario compare compare $jobs --test test.jsonl --json
scenario ask ask one 'where is my order' --json
scenario ask_written ask writer 'where is my order' --max-tokens 4 --json
scenario ask_batch ask one --batch rows.jsonl --output out.jsonl
scenario generate generate rows --count 4 --output out.jsonl
scenario module_create module create --name more --data rows.jsonl
scenario feedback feedback "$interaction" correct
scenario adapt adapt one --json
ENDS=,8, scenario rollback agent rollback one
scenario webhook webhook add https://example.com/other
scenario token token create --scope read --json
scenario pipeline_run pipeline run flow.conf
scenario sweep sweep search.conf
scenario backup db backup out.tar
scenario restore db restore --force kept.tar

# Requests to one daemon, which has to outlive them all.
cat >"$tmp/requests" <<END
listAgents {}
createAgent {"name":"made %d"}
getAgent {"agent_id":"one"}
monitorTrainingProgress {"job_id":"$(echo $jobs | cut -d ' ' -f 1)","include_history":true}
listTrainingJobs {"limit":5}
invokeAgent {"agent_id":"one","input":"where is my order"}
recordFeedback {"interaction_id":"$interaction","feedback":"correct"}
createTrainingModule {"name":"module %d","examples":[{"input":"a","expected_output":"x"},{"input":"b","expected_output":"y"}]}
registerWebhook {"url":"https://example.com/%d"}
createToken {"scope":"read","name":"token %d"}
generateTrainingReport {"job_id":"$(echo $jobs | cut -d ' ' -f 1)","format":"html"}
evaluateTrainingResults {"job_id":"$(echo $jobs | cut -d ' ' -f 1)"}
adaptAgentBehavior {"agent_id":"one"}
getUsage {}
listPlugins {"kind":"paradigm"}
END
served_requests() {
    case $only in "  " | *" requests "*) ;; *) return ;; esac
    some=$points
    [ "${STEP:-0}" -eq 0 ] || some=0
    HONE=$builddir/hone SHIM=$shim "$builddir/tests/faults/scarce_served" "$ram" "$start" "$some" "$tmp/requests" >"$tmp/served" 2>"$tmp/served.err"
    case $? in
    0) pass ;;
    *) fail 'requests to a daemon'; cat "$tmp/served" "$tmp/served.err"; tail -n 20 "$ram/daemon.log" ;;
    esac
    scenarios=$((scenarios + $(wc -l <"$tmp/requests")))
    some=$(sed -n 's/^\([0-9]*\) runs$/\1/p' "$tmp/served")
    runs=$((runs + ${some:-0}))
}
served_requests
