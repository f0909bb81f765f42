#!/bin/sh
# Every function of the table, called over HTTP and by the command line's way in (the Unix socket): each answer is what the table says of it, no member
# more and none less. Lists that go by pages give each row once, whatever the size of the page.
srcdir=${srcdir:-.}
. "$srcdir/tests/api/lib.sh"
command -v curl >/dev/null || { echo 'skipped: there is no curl'; exit 77; }
serve
token=$(make_token admin)
: >"$tmp/called"

# call FUNCTION BODY [STATUS [once | local]]: the answer in $tmp/answer.
call() {
    for way in http socket; do
        if [ "$way $4" = 'http local' ]; then
            continue # from this machine alone
        elif [ $way = http ]; then
            status=$(curl -s -o "$tmp/answer" -w '%{http_code}' -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d "$2" "$url/api/v2/functions/$1")
        elif [ "${3:-200}" = 200 ] && [ "$4" != once ]; then
            status=$(curl -s -o "$tmp/answer" -w '%{http_code}' --unix-socket "$state/hone.sock" -H 'Content-Type: application/json' -d "$2" "http://x/api/v2/functions/$1")
        else
            continue # it makes or removes something
        fi
        [ "$status" = "${3:-200}" ] || { fail "$1 by $way: $status, expected ${3:-200}: $(head -c 400 "$tmp/answer")"; return; }
        "$builddir/tests/api/answers" "$1" <"$tmp/answer" >"$tmp/faults" && pass || fail "$way: $(head -n 30 "$tmp/faults")"
    done
    echo "$1" >>"$tmp/called"
}
member() { # member KEY: of the answer
    sed -n 's/.*"'"$1"'": *"\([^"]*\)".*/\1/p' "$tmp/answer" | head -n 1
}
until_done() {
    done_tries=0
    while call monitorTrainingProgress "{\"job_id\":\"$1\"}"; ! grep -qE '"status":"(completed|paused)"' "$tmp/answer" && [ $done_tries -lt 600 ]; do
        done_tries=$((done_tries + 1))
        sleep 0.1
    done
}

example='{"input":"where is it?","expected_output":"soon"},{"input":"how much?","expected_output":"ten"},{"input":"where","expected_output":"soon"}'
call createAgent '{"name":"desk","metadata":{"a":1}}' 201
agent=$(member agent_id)
call uploadDataset "{\"name\":\"rows\",\"examples\":[$example]}" 201
dataset=$(member dataset_id)
call createTrainingModule "{\"name\":\"rows\",\"examples\":[$example]}" 201
module=$(member module_id)
call startTrainingJob "{\"agent_id\":\"$agent\",\"training_data\":{\"dataset_id\":\"$dataset\"},\"config\":{\"epochs\":4,\"checkpointInterval\":1,\"validationSplit\":0.34}}" 201
job=$(member job_id)
until_done "$job"
call monitorTrainingProgress "{\"job_id\":\"$job\",\"include_checkpoints\":true,\"include_history\":true}"
call startTrainingJob "{\"agent_id\":\"$agent\",\"training_data\":{\"dataset_id\":\"$dataset\"},\"config\":{\"epochs\":2,\"seed\":7,\"validationSplit\":0.34}}" 201
second=$(member job_id)
until_done "$second"
call getTrainingJob "{\"job_id\":\"$job\"}"
call listTrainingJobs '{}'
call listCheckpoints "{\"job_id\":\"$job\"}"
call evaluateTrainingResults "{\"job_id\":\"$job\",\"test_data\":[$example]}"
call evaluateTrainingResults "{\"job_id\":\"$job\",\"test_data\":[$example],\"benchmark_against\":\"$second\"}"
call compareTrainingRuns "{\"run_ids\":[\"$job\",\"$second\"],\"test_data\":[$example]}"
call compareTrainingRuns "{\"run_ids\":[\"$job\",\"$second\"],\"test_data\":[$example],\"statistical_tests\":false,\"generate_recommendations\":false}"
call generateTrainingReport "{\"job_id\":\"$job\"}"
call generateTrainingReport "{\"job_id\":\"$job\",\"format\":\"json\"}"
hone report "$job" --format json >"$tmp/report.json" 2>/dev/null
printf '{"report":"%s"}' "$(sed 's/\\/\\\\/g; s/"/\\"/g' "$tmp/report.json" | tr -d '\n')" >"$tmp/verify.json"
call verifyTrainingReport "@$tmp/verify.json"
call getAgent "{\"agent_id\":\"$agent\"}"
call listAgents '{}'
call updateAgent "{\"agent_id\":\"$agent\",\"description\":\"other\"}"
call listAgentVersions "{\"agent_id\":\"$agent\"}"
version=$(member version_id)
call invokeAgent "{\"agent_id\":\"$agent\",\"input\":\"where is it?\"}"
interaction=$(member interaction_id)
call invokeAgent "{\"agent_id\":\"$agent\",\"texts\":[\"where is it?\",\"how much?\"]}"
call recordFeedback "{\"interaction_id\":\"$interaction\",\"feedback\":\"correct\"}"
call invokeAgent "{\"agent_id\":\"$agent\",\"texts\":[\"one\",\"two\",\"three\",\"four\",\"five\"]}"
call adaptAgentBehavior "{\"agent_id\":\"$agent\"}"
call deployAgentVersion "{\"agent_id\":\"$agent\",\"version_id\":\"$version\"}"
call rollbackAgent "{\"agent_id\":\"$agent\"}" 200 once
long="{\"agent_id\":\"$agent\",\"training_data\":{\"dataset_id\":\"$dataset\"},\"config\":{\"epochs\":10000,\"earlyStopping\":false,\"validationSplit\":0}}"
call startTrainingJob "$long" 201
third=$(member job_id)
call pauseTrainingJob "{\"job_id\":\"$third\"}" 200 once
until_done "$third"
call resumeTrainingJob "{\"job_id\":\"$third\"}" 200 once
call cancelTrainingJob "{\"job_id\":\"$third\"}" 200 once
done_tries=0
while call getTrainingJob "{\"job_id\":\"$third\"}"; ! grep -q '"status":"cancelled"' "$tmp/answer" && [ $done_tries -lt 600 ]; do done_tries=$((done_tries + 1)); sleep 0.1; done
call deleteTrainingJob "{\"job_id\":\"$third\"}" 200 once
call validateTrainingData "{\"training_data\":{\"examples\":[$example]}}"
call getTrainingModule "{\"module_id\":\"$module\"}"
call createTrainingModule "{\"name\":\"many\",\"examples\":[$(sed -n '1,80p' "$data" | grep -v incorrect | paste -s -d , -)]}" 201
call generateSyntheticTrainingData "{\"module_id\":\"$(member module_id)\",\"sample_count\":3}" 200 once
call listPresets '{}'
call listPipelines '{}'
call runTrainingPipeline '{"definition":{"steps":{"g":{"do":"gate","require":"1 < 2"}}},"check_only":true}' 201
call runTrainingPipeline '{"definition":{"steps":{"g":{"do":"gate","require":"1 < 2"},"h":{"do":"gate","require":"1 > 2","otherwise":"fail"}}}}' 201
run=$(member pipeline_run_id)
done_tries=0
while call getPipelineRun "{\"pipeline_run_id\":\"$run\"}"; ! grep -q '"status":"failed","error"' "$tmp/answer" && [ $done_tries -lt 300 ]; do done_tries=$((done_tries + 1)); sleep 0.1; done
call listPipelineRuns '{}'
call resumePipelineRun "{\"pipeline_run_id\":\"$run\"}" 200 once
done_tries=0
while call getPipelineRun "{\"pipeline_run_id\":\"$run\"}"; ! grep -q '"status":"failed","error"' "$tmp/answer" && [ $done_tries -lt 300 ]; do done_tries=$((done_tries + 1)); sleep 0.1; done
call cancelPipelineRun "{\"pipeline_run_id\":\"$run\"}" 200 once
call listPlugins '{"kind":"scheduler"}'
call createToken '{"scope":"read"}' 201
secret "$(member token)"
other=$(member token_id)
call listTokens '{}'
call revokeToken "{\"token_id\":\"$other\"}"
call registerWebhook '{"url":"https://hooks.invalid/one"}' 201
secret "$(member secret)"
webhook=$(member webhook_id)
call updateWebhook "{\"webhook_id\":\"$webhook\",\"description\":\"x\"}"
call rotateWebhookSecret "{\"webhook_id\":\"$webhook\"}" 200 once
secret "$(member secret)"
call testWebhook "{\"webhook_id\":\"$webhook\"}"
call listWebhookDeliveries "{\"webhook_id\":\"$webhook\"}"
call redeliverWebhook "{\"delivery_id\":\"$(member delivery_id)\"}" 201
call listWebhooks '{}'
call getUsage '{}'
call checkState '{}' 200 local
call backupState "{\"file\":\"$tmp/backup\"}" 200 local
same 'a backup is for its owner alone' "$(stat -c %a "$tmp/backup")" 600

# ---- pages ----
for n in 1 2 3 4; do
    call uploadDataset "{\"name\":\"rows $n\",\"examples\":[$example]}" 201
    call createTrainingModule "{\"name\":\"rows $n\",\"examples\":[$example]}" 201
    call registerWebhook "{\"url\":\"https://hooks.invalid/$n\"}" 201
    secret "$(member secret)"
    call testWebhook "{\"webhook_id\":\"$webhook\"}"
done
# pages FUNCTION KEY: the ids in the order of pages of 1, 2, 3 and 200
pages() {
    for size in 1 2 3 200; do
        after= more=true
        : >"$tmp/pages.$size"
        while [ "$more" = true ]; do
            call "$1" "{\"limit\":$size${after:+,\"after\":\"$after\"}}"
            grep -oE "\"$2\":\"[^\"]*\"" "$tmp/answer" | cut -d '"' -f 4 | awk '!seen[$0]++' >"$tmp/page"
            cat "$tmp/page" >>"$tmp/pages.$size"
            [ "$(wc -l <"$tmp/page")" -le "$size" ] || fail "$1: a page of $size has $(wc -l <"$tmp/page")"
            after=$(tail -n 1 "$tmp/page")
            more=$(sed 's/.*"has_more":\([a-z]*\).*/\1/' "$tmp/answer")
        done
        cmp -s "$tmp/pages.$size" "$tmp/pages.1" && pass || fail "$1: pages of $size differ from pages of 1"
    done
    holds "$1 has rows" "$(wc -l <"$tmp/pages.200")" -ge 5
    same "$1: each once" "$(sort -u "$tmp/pages.200" | wc -l)" "$(wc -l <"$tmp/pages.200")"
    same "$1: newest first" "$(sort -r "$tmp/pages.200" | cksum)" "$(cksum <"$tmp/pages.200")"
}
pages listDatasets dataset_id
pages listTrainingModules module_id
pages listWebhooks webhook_id
pages listWebhookDeliveries delivery_id

call deleteWebhook "{\"webhook_id\":\"$webhook\"}" 200 once
call deleteDataset "{\"dataset_id\":\"$dataset\"}" 200 once
call deleteTrainingModule "{\"module_id\":\"$module\"}" 200 once
call deleteAgent "{\"agent_id\":\"$agent\"}" 200 once

hone functions --json >"$tmp/functions"
for f in $(sed -n 's/^ *"name": "\(.*\)",*$/\1/p' "$tmp/functions" | grep -E '^[a-z]+[A-Z]' | sort -u); do
    grep -qx "$f" "$tmp/called" && pass || fail "nothing here calls $f: add a call"
done
finish
