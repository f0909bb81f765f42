#!/bin/sh
# What one tenant has is not there for another: every function of the table, called with the ids of another tenant's objects. Also scopes, and
# idempotency keys.
srcdir=${srcdir:-.}
. "$srcdir/tests/api/lib.sh"
serve

one=$(make_token admin --tenant one)
two=$(make_token admin --tenant two)
reader=$(make_token read --tenant one)

# call TOKEN FUNCTION BODY: the answer in $tmp/answer, its status in $status.
call() {
    status=$(curl -s -o "$tmp/answer" -w '%{http_code}' -H "Authorization: Bearer $1" -H 'Content-Type: application/json' -d "$3" \
        "$url/api/v2/functions/$2" "${4:---silent}" ${5:+-H "$5"})
}

example='{"input":"where is it?","expected_output":"soon"},{"input":"how much?","expected_output":"ten"}'
call "$one" createAgent '{"name":"support"}'
same 'created' "$status" 201
agent=$(value answer agent_id)
call "$one" uploadDataset "{\"name\":\"rows\",\"examples\":[$example]}"
dataset=$(value answer dataset_id)
call "$one" createTrainingModule "{\"name\":\"rows\",\"examples\":[$example]}"
module=$(value answer module_id)
call "$one" startTrainingJob "{\"agent_id\":\"$agent\",\"training_data\":{\"dataset_id\":\"$dataset\",\"moduleId\":\"$module\",\"examples\":[$example]},\"config\":{\"epochs\":2,\"validationSplit\":0}}"
same 'started' "$status" 201
job=$(value answer job_id)
holds 'the first job of all is foreseen too' "$(value answer estimated_duration_ms)" -ge 1
tries=0
while call "$one" monitorTrainingProgress "{\"job_id\":\"$job\"}"; [ "$(value answer status)" != completed ] && [ $tries -lt 100 ]; do
    tries=$((tries + 1))
    sleep 0.1
done
same 'completed' "$(value answer status)" completed
call "$one" listAgentVersions "{\"agent_id\":\"$agent\"}"
version=$(value answer version_id)
call "$one" invokeAgent "{\"agent_id\":\"$agent\",\"input\":\"where is it?\"}"
same 'answered' "$status" 200
interaction=$(value answer interaction_id)
call "$one" registerWebhook '{"url":"https://hooks.invalid/one"}'
same 'a webhook' "$status" 201
webhook=$(value answer webhook_id)
secret "$(value answer secret)"
call "$one" testWebhook "{\"webhook_id\":\"$webhook\"}"
same 'a ping to nobody' "$(value answer status)" failed
delivery=$(value answer delivery_id)

call "$one" runTrainingPipeline "{\"definition\":{\"steps\":{\"look\":{\"do\":\"validate\",\"data\":\"$dataset\"}}}}"
same 'a pipeline' "$status" 201
piped=$(value answer pipeline_run_id)

# Every function that takes an id, from the daemon's own description.
curl -s "$url/openapi.json" >"$tmp/openapi.json"
functions=$(grep -oE '"/api/v2/functions/[A-Za-z]+"' "$tmp/openapi.json" | sed 's#.*/##; s/"//' | sort -u)
holds 'functions are described' "$(echo "$functions" | wc -l)" -ge 25
tried=0
for f in $functions; do
    case $f in
    createAgent | uploadDataset | createTrainingModule | createToken | listTokens | listPlugins | listPresets | listAgents | listTrainingJobs | listDatasets | listTrainingModules | registerWebhook | listWebhooks | getUsage | backupState | checkState | listPipelines | listPipelineRuns | runTrainingPipeline) continue ;;
    startTrainingJob) body="{\"agent_id\":\"$agent\",\"training_data\":{\"examples\":[$example]}}" ;;
    validateTrainingData) body="{\"training_data\":{\"dataset_id\":\"$dataset\"}}" ;;
    deployAgentVersion) body="{\"agent_id\":\"$agent\",\"version_id\":\"$version\"}" ;;
    invokeAgent) body="{\"agent_id\":\"$agent\",\"input\":\"x\"}" ;;
    recordFeedback) body="{\"interaction_id\":\"$interaction\",\"feedback\":\"correct\"}" ;;
    updateAgent) body="{\"agent_id\":\"$agent\",\"description\":\"taken\"}" ;;
    compareTrainingRuns) body="{\"run_ids\":[\"$job\",\"$job\"]}" ;;
    verifyTrainingReport) body="{\"report\":\"hone-report/1 type=single_job job_id=$job format=json\"}" ;;
    *PipelineRun) body="{\"pipeline_run_id\":\"$piped\"}" ;;
    revokeToken) body="{\"token_id\":\"$(echo "$one" | cut -d _ -f 2)\"}" ;;
    redeliverWebhook) body="{\"delivery_id\":\"$delivery\"}" ;;
    *Webhook*) body="{\"webhook_id\":\"$webhook\"}" ;;
    *Dataset) body="{\"dataset_id\":\"$dataset\"}" ;;
    *Module | generateSyntheticTrainingData) body="{\"module_id\":\"$module\"}" ;;
    *Agent | *AgentVersions | adaptAgentBehavior) body="{\"agent_id\":\"$agent\"}" ;;
    *) body="{\"job_id\":\"$job\"}" ;;
    esac
    call "$two" "$f" "$body"
    same "$f of another tenant" "$status" 404
    sed 's/"trace_id": *"[^"]*"//' "$tmp/answer" >"$tmp/theirs"
    lacks theirs "support" "soon"
    tried=$((tried + 1))
done
holds 'functions were tried' $tried -ge 18
for f in listAgents listTrainingJobs listDatasets listTrainingModules listWebhooks listWebhookDeliveries listPipelineRuns; do
    call "$two" $f '{}'
    same "$f" "$status" 200
    lacks answer "$agent" "$job" "$dataset" "$module" "$webhook" "$delivery" "$piped"
done
call "$one" getAgent "{\"agent_id\":\"$agent\"}"
same 'still there for its own tenant' "$status" 200
lacks answer taken

# ---- scopes ----
call "$reader" getAgent "{\"agent_id\":\"$agent\"}"
same 'a reader reads' "$status" 200
call "$reader" deleteAgent "{\"agent_id\":\"$agent\"}"
same 'a reader deletes nothing' "$status" 401
call "$reader" createToken '{"scope":"admin"}'
same 'a reader makes no tokens' "$status" 401
hone token revoke "$(echo "$reader" | cut -d _ -f 2)" >/dev/null 2>&1
call "$one" revokeToken "{\"token_id\":\"$(echo "$reader" | cut -d _ -f 2)\"}"
sleep 0.6
call "$reader" getAgent "{\"agent_id\":\"$agent\"}"
same 'a revoked token opens nothing' "$status" 401

# ---- files of the server's machine cannot be named from outside ----
call "$one" backupState "{\"file\":\"$tmp/stolen\"}"
same 'a backup from outside' "$status" 422
call "$one" checkState '{}'
same 'a look at the state from outside' "$status" 401
[ ! -e "$tmp/stolen" ] && pass || fail 'a backup was made for somebody outside'
call "$one" startTrainingJob "{\"agent_id\":\"$agent\",\"training_data\":{\"file\":\"/etc/passwd\"}}"
same 'a file of the server' "$status" 422
call "$one" startTrainingJob "{\"agent_id\":\"$agent\",\"training_data\":{\"examples\":[$example]},\"config\":{\"optimizer\":\"/tmp/mine.so\"}}"
same 'code of the server' "$status" 422
call "$one" startTrainingJob "{\"agent_id\":\"$agent\",\"training_data\":{\"examples\":[$example]},\"config\":{\"optimizerOptions\":{\"inner\":\"/tmp/mine.so\"}}}"
same 'code of the server in options' "$status" 422

call "$one" evaluateTrainingResults "{\"job_id\":\"$job\",\"evaluation_criteria\":[\"accuracy\",\"/tmp/mine.so\"]}"
same 'a metric of the server' "$status" 422

# ---- names of plugins that no worker finds ----
call "$one" startTrainingJob "{\"agent_id\":\"$agent\",\"training_data\":{\"examples\":[$example]},\"config\":{\"optimizer\":\"adamm\",\"schedulerType\":\"lineer\",\"model\":\"linear\"}}"
same 'plugins that do not exist' "$status" 422
has answer '"config.optimizer"' "did you mean 'adam'?" '"config.schedulerType"' "did you mean 'linear'?"
lacks answer '"config.model"'
call "$one" startTrainingJob "{\"agent_id\":\"$agent\",\"training_data\":{\"examples\":[$example]},\"config\":{\"optimizer\":\"torch:adamw\",\"trainingType\":\"few-shot\",\"schedulerType\":\"cosine\"}}"
same 'plugins that exist' "$status" 201

# ---- all faults at once, each with its path ----
call "$one" startTrainingJob '{"agent_id":"","training_data":{"examples":[{"input":"a","expected_output":"b","weight":-1},{"imput":"a"}]},"config":{"epochs":0}}'
same 'faults' "$status" 422
has answer '"training_data.examples[0].weight"' '"training_data.examples[1].imput"' '"training_data.examples[1].input"' '"config.epochs"' '"agent_id"'
finish
