#!/bin/sh
# generateSyntheticTrainingData over HTTP: as documented, within its bounds, and what it keeps can be trained on together with its module.
srcdir=${srcdir:-.}
. "$srcdir/tests/api/lib.sh"
command -v curl >/dev/null || { echo 'skipped: there is no curl'; exit 77; }
token=$(make_token train)
reader=$(make_token read)
full=$(make_token train)
serve --set tokenLimits.examples=300
f=$url/api/v2/functions

# call NAME STATUS FUNCTION BODY [TOKEN]
call() {
    same "$1" "$(curl -s -H "Authorization: Bearer ${5:-$token}" -H 'Content-Type: application/json' -o "$tmp/$1" -w '%{http_code}' -d "$4" "$f/$3")" "$2"
}
examples=$(sed -n '1,80p' "$data" | grep -v incorrect | paste -s -d , -)
call module 201 createTrainingModule "{\"name\":\"desk\",\"examples\":[$examples]}"
module=$(value module module_id)
call made 200 generateSyntheticTrainingData "{\"module_id\":\"$module\",\"sample_count\":20,\"difficulty\":\"medium\"}"
has made '"success": true' '"scenarios":[{"id":"syn_' '"diversity_score":0.' '"coverage_analysis":{' '"difficulty":"medium"' '"provenance":{"generator":"'
lacks made '"difficulty":"easy"' '"difficulty":"hard"'
dataset=$(value made dataset_id)
call again 200 generateSyntheticTrainingData "{\"module_id\":\"desk\",\"sample_count\":20,\"difficulty\":\"medium\",\"keep\":false}"
has again '"dataset_id":null'
same 'the same examples' "$(grep -oE '"id":"syn_[0-9a-f]*"' "$tmp/made")" "$(grep -oE '"id":"syn_[0-9a-f]*"' "$tmp/again")"
call usage 200 getUsage '{}'
same 'what is made counts for the token that asked' "$(sed 's/},{/}\n{/g' "$tmp/usage" | grep '"quota":"examples","of":"token"' | sed 's/.*"used":\([0-9]*\).*/\1/')" \
    $(($(echo "$examples" | grep -o '"input"' | wc -l) + $(grep -o '"id":"syn_' "$tmp/made" | wc -l)))
files=$(ls "$state/data" | wc -l)
call filled 201 uploadDataset "{\"name\":\"many\",\"examples\":[$(seq 1 295 | sed 's/.*/{"input":"question &","expected_output":"answer"}/' | paste -sd , -)]}" "$full"
call over 429 generateSyntheticTrainingData "{\"module_id\":\"$module\",\"sample_count\":20,\"seed\":7}" "$full"
has over '"code": "QUOTA_EXCEEDED"' 'the quota examples of this token'
same 'what was refused is not kept' "$(ls "$state/data" | wc -l)" $((files + 1))
call usual 200 generateSyntheticTrainingData "{\"module_id\":\"$module\",\"keep\":false}"
has usual '"requested":10'
call too_many 422 generateSyntheticTrainingData "{\"module_id\":\"$module\",\"sample_count\":51}"
has too_many '"path": "sample_count"' '1 to 50'
call no_level 422 generateSyntheticTrainingData "{\"module_id\":\"$module\",\"difficulty\":\"insane\"}"
has no_level 'easy medium hard expert'
call no_key 422 generateSyntheticTrainingData "{\"module_id\":\"$module\",\"samples\":3}"
has no_key '"path": "samples"'
call no_module 404 generateSyntheticTrainingData '{"module_id":"module_none"}'
call by_path 422 generateSyntheticTrainingData "{\"module_id\":\"$module\",\"generators\":[\"/tmp/evil.so\"]}"
has by_path 'cannot be named from outside'
call by_option 422 generateSyntheticTrainingData "{\"module_id\":\"$module\",\"config\":{\"optimizer\":\"/tmp/evil.so\"}}"
has by_option 'cannot be named from outside'
call two_faults 422 generateSyntheticTrainingData "{\"module_id\":\"$module\",\"config\":{\"epochs\":0,\"batchSize\":0}}"
has two_faults config.epochs config.batchSize
call may_not 401 generateSyntheticTrainingData "{\"module_id\":\"$module\"}" "$reader"
call agent 201 createAgent '{"name":"desk"}'
call job 201 startTrainingJob "{\"agent_id\":\"desk\",\"training_data\":{\"moduleId\":\"$module\",\"dataset_id\":\"$dataset\"},\"config\":{\"epochs\":2,\"validationSplit\":0}}"
tries=0
while call progress 200 monitorTrainingProgress "{\"job_id\":\"$(value job job_id)\"}"; [ "$(value progress status)" != completed ] && [ $tries -lt 200 ]; do
    tries=$((tries + 1))
    sleep 0.1
done
same 'both are trained on' "$(value progress status)" completed
call shown 200 getTrainingModule "{\"module_id\":\"$module\"}"
has shown "$dataset"
finish
