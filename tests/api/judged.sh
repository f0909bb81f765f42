#!/bin/sh
# Evaluations, comparisons and reports over HTTP, and what they refuse: jobs that have not ended, unknown metrics, runs that have no rows in common,
# outputs that were never taught. The command line refuses the same with its exit codes.
srcdir=${srcdir:-.}
. "$srcdir/tests/api/lib.sh"
serve
token=$(make_token train)

# call FUNCTION BODY: the answer in $tmp/answer, its status in $status. A body of @FILE is that file.
call() {
    status=$(curl -s -o "$tmp/answer" -w '%{http_code}' -H "Authorization: Bearer $token" -H 'Content-Type: application/json' --data-binary "$2" \
        "$url/api/v2/functions/$1")
}

run one 0 train --agent one --data "$data" --json -q --set seed=7
run two 0 train --agent two --data "$data" --json -q --set seed=7 --set learningRate=0.002
one=$(value one job_id) two=$(value two job_id)

# A job that is running, and one that was cancelled: 412, as exit code 8.
awk 'NR > 1 { printf "," } { print }' "$data" >"$tmp/rows"
call createAgent '{"name":"long"}'
{ printf '{"agent_id":"%s","config":{"epochs":10000,"earlyStopping":false},"training_data":{"examples":[' "$(value answer agent_id)"; cat "$tmp/rows"; printf ']}}'; } >"$tmp/body"
call startTrainingJob "@$tmp/body"
same 'a long job' "$status" 201
long=$(value answer job_id)
for state_of_it in running cancelled; do
    [ $state_of_it = running ] || run cancel 0 job cancel "$long"
    for body in "evaluateTrainingResults {\"job_id\":\"$long\"}" "compareTrainingRuns {\"run_ids\":[\"$one\",\"$long\"]}" \
        "evaluateTrainingResults {\"job_id\":\"$one\",\"benchmark_against\":\"$long\"}"; do
        call "${body%% *}" "${body#* }"
        same "$state_of_it: ${body%% *}" "$status" 412
        has answer '"PRECONDITION_FAILED"' 'only a completed job can be'
    done
    run refused 8 evaluate "$long"
    run refused 8 compare "$one" "$long"
done

# Unknown metrics.
call evaluateTrainingResults "{\"job_id\":\"$one\",\"evaluation_criteria\":[\"acuracy\"]}"
same 'an unknown metric' "$status" 422
has answer "did you mean 'accuracy'" '"VALIDATION_ERROR"'
call evaluateTrainingResults "{\"job_id\":\"$one\",\"evaluation_criteria\":[\"f1_score:avarage=micro\"]}"
same 'an unknown setting' "$status" 422
has answer 'average'
call compareTrainingRuns "{\"run_ids\":[\"$one\",\"$two\"],\"comparison_metrics\":[\"acuracy\"]}"
same 'an unknown metric of a comparison' "$status" 422
has answer "did you mean 'accuracy'"
for body in '{"run_ids":["'"$one"'"]}' '{"run_ids":["'"$one"'","'"$one"'"]}' '{"run_ids":["'"$one"'","'"$two"'"],"equivalence_margin":7}' '{"run_ids":"'"$one"'"}' '{}'; do
    call compareTrainingRuns "$body"
    same "refused: $body" "$status" 422
done
call compareTrainingRuns "{\"run_ids\":[\"$one\",\"job_none\"]}"
same 'a run that is not there' "$status" 404

# Runs of different data: no rows in common, so no test and no winner, and why.
head -n 400 "$data" >"$tmp/left.jsonl"
tail -n +401 "$data" >"$tmp/right.jsonl"
run left 0 train --agent l --data "$tmp/left.jsonl" --json -q
run right 0 train --agent r --data "$tmp/right.jsonl" --json -q
call compareTrainingRuns "{\"run_ids\":[\"$(value left job_id)\",\"$(value right job_id)\"]}"
same 'different data' "$status" 200
has answer '"winner":null' '"statistical_analysis":null' 'no test rows in common' 'unlike is not compared with unlike'
# The intersection is empty because every test row was trained on.
run whole 0 train --agent whole --data "$data" --json -q --set validationSplit=0
{ printf '{"run_ids":["%s","%s"],"test_data":[' "$one" "$(value whole job_id)"; cat "$tmp/rows"; printf ']}'; } >"$tmp/body"
call compareTrainingRuns "@$tmp/body"
same 'an empty intersection' "$status" 200
has answer '"winner":null' 'they are no test of it'

# An output that was never taught counts as wrong and is told apart; rows that say nothing right are no test.
call evaluateTrainingResults "{\"job_id\":\"$one\",\"test_data\":[{\"input\":\"where is my parcel\",\"expected_output\":\"Nobody ever said this.\"}]}"
same 'an output never seen' "$status" 200
has answer '"unknown_outputs":1' '"known":false' 'an output which the agent was never shown'
call evaluateTrainingResults "{\"job_id\":\"$one\",\"test_data\":[{\"input\":\"late\",\"expected_output\":\"wrong\",\"feedback\":\"incorrect\"}]}"
same 'no row that can be judged' "$status" 412
has answer 'none of the 1 test rows can be judged'

# Reports: what they need, and their verification with the text of the report itself.
for body in '{}' '{"report_type":"comparison"}' '{"report_type":"agent_summary"}' '{"job_id":"'"$one"'","report_type":"nonsense"}' \
    '{"job_id":"'"$one"'","include_sections":["sumary"]}' '{"job_id":"'"$one"'","format":"hmtl"}' '{"job_id":"'"$one"'","format":"html","options":{"digts":3}}'; do
    call generateTrainingReport "$body"
    same "refused: $body" "$status" 422
done
call evaluateTrainingResults "{\"job_id\":\"$one\"}"
for format in html csv latex; do
    call generateTrainingReport "{\"job_id\":\"$one\",\"format\":\"$format\"}"
    same "a report as $format" "$status" 200
    run written 0 report "$one" --format $format --output "$tmp/r.$format" -q
    run verified 0 report --verify "$tmp/r.$format"
done
sed 's/0\.9/0.8/' "$tmp/r.csv" >"$tmp/changed.csv"
run changed 12 report --verify "$tmp/changed.csv"
call verifyTrainingReport '{"report":"# A report"}'
same 'no report' "$status" 422
call verifyTrainingReport '{}'
same 'nothing' "$status" 422
call verifyTrainingReport '{"report":"hone-report/1 type=single_job job_id=job_none format=json"}'
same 'of a job that is not there' "$status" 404
finish
