#!/bin/sh
# Pipelines and sweeps over HTTP: their steps' trainings are jobs of the queue; what a client may not name; tenants; cancelling; a daemon that stops.
srcdir=${srcdir:-.}
. "$srcdir/tests/api/lib.sh"

serve --jobs 2
train=$(make_token train)
read=$(make_token read)
other=$(make_token train --tenant other)

# call TOKEN FUNCTION BODY: status in $code, answer in $tmp/answer
call() {
    code=$(curl -s -o "$tmp/answer" -w '%{http_code}' -H "Authorization: Bearer $1" -H 'Content-Type: application/json' -d "$3" "$url/api/v2/functions/$2")
}
# upload FILE NAME: the id of a dataset
upload() {
    curl -s -H "Authorization: Bearer $train" -F "file=@$1" -F "name=$2" "$url/api/v2/functions/uploadDataset" | sed -n 's/.*"dataset_id":"\([^"]*\)".*/\1/p'
}
# until_ended ID: waits; the state in $tmp/answer
until_ended() {
    ended_tries=0
    while call "$train" getPipelineRun "{\"pipeline_run_id\":\"$1\"}" && grep -q '"name":"[^"]*","status":"running"' "$tmp/answer" &&
        [ $ended_tries -lt 300 ]; do
        ended_tries=$((ended_tries + 1))
        sleep 0.1
    done
}
run_id() {
    sed -n 's/.*"pipeline_run_id":"\([^"]*\)".*/\1/p' "$tmp/answer" | head -n 1
}

head -n 600 "$data" >"$tmp/rows.jsonl"
rows=$(upload "$tmp/rows.jsonl" rows)
test=$(upload "$fresh" test)
holds 'datasets' -n "$rows" -a -n "$test"
call "$train" createAgent '{"name":"piped"}'

call "$read" runTrainingPipeline "{\"pipeline\":\"ab-test\"}"
same 'reading is not running' "$code" 401
call "$train" runTrainingPipeline "{\"pipeline\":\"promote-if-better\",\"parameters\":{\"agent\":\"piped\",\"data\":\"$rows\",\"test\":\"$test\"}}"
same 'it begins' "$code" 201
id=$(run_id)
until_ended "$id"
has answer '"status":"completed"' '"do":"deploy"' '"previous_version_id":null'
call "$train" listTrainingJobs '{"agent_id":"piped"}'
has answer '"status":"completed"'
call "$train" invokeAgent '{"agent_id":"piped","input":"where is my parcel"}'
same 'it was deployed' "$code" 200
call "$other" getPipelineRun "{\"pipeline_run_id\":\"$id\"}"
same "another tenant's run" "$code" 404
call "$other" listPipelineRuns '{}'
lacks answer "$id"
call "$read" listPipelines '{}'
has answer '"nightly-retrain"'
lacks answer '.conf"'

# What a client may not name, and what is wrong.
call "$train" runTrainingPipeline '{"pipeline":"./mine.conf"}'
same 'no file' "$code" 404
for file in /etc/passwd /nowhere /dev/zero; do # whether and what it is is not told
    call "$train" runTrainingPipeline "{\"definition\":{\"steps\":{\"a\":{\"do\":\"train\",\"agent\":\"piped\",\"data\":\"$file\"}}}}"
    until_ended "$(run_id)"
    has answer '"status":"failed"' "step 'a' failed: training_data.file: is not known here"
done
call "$train" runTrainingPipeline '{"definition":{"steps":{"r":{"do":"report","agent":"piped","output":"/tmp/hone-must-not-be"}}}}'
until_ended "$(run_id)"
has answer '"status":"failed"'
holds 'no file was written' ! -e /tmp/hone-must-not-be
call "$train" runTrainingPipeline '{"definition":{"agent":"piped","data":"/etc/passwd","space":{"learningRate":[0.1]}}}'
until_ended "$(run_id)"
has answer '"status":"failed"' "cannot be named from outside"
call "$train" runTrainingPipeline '{"definition":{"steps":{"a":{"do":"trian"}}}}'
same 'a wrong definition' "$code" 422
has answer "did you mean 'train'?" '"path": "steps.a.do"'
call "$train" runTrainingPipeline '{"pipeline":"ab-test","definition":{}}'
same 'either one or the other' "$code" 422
call "$train" runTrainingPipeline "{\"definition\":{\"steps\":{\"r\":{\"do\":\"report\",\"agent\":\"piped\"}}}}"
until_ended "$(run_id)"
has answer '"status":"completed"' '"report":"'

# A sweep: the trials are jobs of the queue.
call "$train" runTrainingPipeline "{\"definition\":{\"agent\":\"piped\",\"data\":\"$rows\",\"test\":\"$test\",\"trials\":4,\"batch\":2,\"startup\":2,\"config\":{\"epochs\":2},\"space\":{\"learningRate\":{\"min\":0.001,\"max\":0.01,\"scale\":\"log\"}}}}"
same 'a sweep begins' "$code" 201
id=$(run_id)
until_ended "$id"
has answer '"kind":"sweep"' '"status":"completed"' '"trials":4' '"method":"wilson"'

# Cancelling ends the trainings; a daemon that stops leaves a run for the next one.
long="{\"definition\":{\"steps\":{\"t\":{\"do\":\"train\",\"agent\":\"piped\",\"data\":\"$rows\",\"config\":{\"epochs\":10000,\"earlyStopping\":false}},\"after\":{\"do\":\"gate\",\"needs\":[\"t\"],\"require\":\"true\"}}}}"
call "$train" runTrainingPipeline "$long"
id=$(run_id)
sleep 0.7
call "$train" cancelPipelineRun "{\"pipeline_run_id\":\"$id\"}"
until_ended "$id"
has answer '"status":"cancelled"'
tries=0
while call "$train" listTrainingJobs '{"status":"running"}' && grep -q job_id "$tmp/answer" && [ $tries -lt 100 ]; do
    tries=$((tries + 1))
    sleep 0.1
done
lacks answer job_id
call "$train" resumePipelineRun "{\"pipeline_run_id\":\"$id\"}"
same 'for good' "$code" 409
call "$train" runTrainingPipeline "$(echo "$long" | sed 's/10000/40/; s/"after"/"zafter"/')"
id=$(run_id)
sleep 0.5
stop_daemon
same 'it stops well' $stop_status 0
serve --jobs 2
until_ended "$id"
has answer '"status":"completed"'
finish
