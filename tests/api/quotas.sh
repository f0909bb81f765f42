#!/bin/sh
# Quotas of tenants and tokens: allowed at the limit, refused at one more, with the time to wait; by 64 clients at once for the last place; seen
# in getUsage and in the metrics; kept over a kill. Requests a minute, with the headers that say what is left.
srcdir=${srcdir:-.}
. "$srcdir/tests/api/lib.sh"
cat >"$tmp/quotas.conf" <<'CONF'
limits: { jobs_per_day = 4; running_jobs = 2; examples = 12; bytes = 4000000; webhooks = 2; requestsPerMinute = 0; };
tokenLimits: { examples = 9; runningJobs = 1; };
http: { connectionsPerAddress = 0; };
CONF
serve --config "$tmp/quotas.conf" --jobs 1
one=$(make_token train --tenant acme --name one)
two=$(make_token train --tenant acme --name two)
more=$(make_token train --tenant acme --name more)
other=$(make_token train --tenant other)

# call TOKEN FUNCTION BODY [HEADER]: the answer in $tmp/answer, its head in $tmp/head, its status in $status.
call() {
    status=$(curl -s -D "$tmp/head" -o "$tmp/answer" -w '%{http_code}' -H "Authorization: Bearer $1" -H 'Content-Type: application/json' \
        ${4:+-H "$4"} -d "$3" "$url/api/v2/functions/$2")
}
# refused WHAT QUOTA LEAST MOST: 429 of that quota, to be tried again after a time within the bounds.
refused() {
    same "$1" "$status" 429
    has answer '"code": "QUOTA_EXCEEDED"' "the quota $2 of this" '"retryable": true'
    refused_wait=$(tr -d '\r' <"$tmp/head" | sed -n 's/^Retry-After: //p')
    holds "$1 waits long enough" "${refused_wait:-0}" -ge "$3"
    holds "$1 waits no longer" "${refused_wait:-0}" -le "$4"
    grep -q "^RateLimit: \"$2\";r=0;t=$refused_wait" "$tmp/head" && pass || fail "$1: $(grep -i ratelimit "$tmp/head")"
}
examples() { # examples N FIRST: N different examples
    seq "$2" $(($2 + $1 - 1)) | sed 's/.*/{"input":"question &","expected_output":"answer &"}/' | paste -sd , -
}
used() { # used QUOTA OF TOKEN: what getUsage says
    call "$3" getUsage '{}'
    sed 's/},{/}\n{/g' "$tmp/answer" | grep "\"quota\":\"$1\",\"of\":\"$2\"" | sed 's/.*"used":\([0-9]*\).*/\1/'
}
long='"config":{"epochs":10000,"earlyStopping":false,"validationSplit":0}'

# ---- examples and bytes that are kept ----
call "$one" uploadDataset "{\"name\":\"nine\",\"examples\":[$(examples 9 1)]}"
same 'nine examples' "$status" 201
dataset=$(sed -n 's/.*"dataset_id":"\([^"]*\)".*/\1/p' "$tmp/answer")
files=$(ls "$state/data" | wc -l)
call "$one" uploadDataset "{\"name\":\"ten\",\"examples\":[$(examples 1 20)]}" 'Idempotency-Key: ten'
refused 'a tenth of the token' examples 3600 3600
same 'its file is gone' "$(ls "$state/data" | wc -l)" "$files"
call "$one" uploadDataset "{\"name\":\"again\",\"examples\":[$(examples 9 1)]}"
same 'the same file counts once' "$status" 201
call "$more" uploadDataset "{\"name\":\"three\",\"examples\":[$(examples 3 30)]}"
same 'three of another token' "$status" 201
call "$more" uploadDataset "{\"name\":\"one\",\"examples\":[$(examples 1 40)]}"
refused 'a thirteenth of the tenant' examples 3600 3600
call "$other" uploadDataset "{\"name\":\"one\",\"examples\":[$(examples 1 40)]}"
same 'another tenant has its own' "$status" 201
same 'used by the tenant' "$(used examples tenant "$one")" 12
same 'used by the token' "$(used examples token "$more")" 3
head -c 3999800 /dev/zero | tr '\0' x >"$tmp/long"
{ printf '{"input":"a","expected_output":"b","metadata":{"x":"'; cat "$tmp/long"; printf '"}}\n'; } >"$tmp/big.jsonl"
third=$(make_token train --tenant third)
upload() { # upload FILE
    status=$(curl -s -D "$tmp/head" -o "$tmp/answer" -w '%{http_code}' -H "Authorization: Bearer $third" -F "file=@$1" "$url/api/v2/functions/uploadDataset")
}
upload "$tmp/big.jsonl"
same 'nearly all bytes' "$status" 201
call "$third" uploadDataset "{\"name\":\"a few more\",\"examples\":[$(examples 8 1)]}"
same 'a few more' "$(value answer code)$status" QUOTA_EXCEEDED429
refused 'bytes' bytes 3600 3600
call "$third" deleteDataset "{\"dataset_id\":\"$(curl -s -H "Authorization: Bearer $third" "$url/api/v2/functions/listDatasets" | sed -n 's/.*"dataset_id":"\([^"]*\)".*/\1/p')\"}"
same 'deleted' "$status" 200
call "$third" uploadDataset "{\"name\":\"a few more\",\"examples\":[$(examples 9 1)]}"
same 'now there is room' "$status" 201

# ---- what the steps of a pipeline start counts for the token that began it ----
fourth=$(make_token train --tenant fourth)
call "$fourth" uploadDataset "{\"name\":\"four\",\"examples\":[$(examples 4 1)]}"
few=$(sed -n 's/.*"dataset_id":"\([^"]*\)".*/\1/p' "$tmp/answer")
call "$fourth" createAgent '{"name":"piped"}'
call "$fourth" runTrainingPipeline "{\"definition\":{\"steps\":{\"a\":{\"do\":\"train\",\"agent\":\"piped\",\"data\":\"$few\",\"config\":{\"epochs\":1,\"validationSplit\":0}}}}}"
same 'a pipeline' "$status" 201
pipe_tries=0
while [ "$(used jobs_per_day tenant "$fourth")" = 0 ] && [ $pipe_tries -lt 300 ]; do
    pipe_tries=$((pipe_tries + 1))
    sleep 0.1
done
same 'its job counts for the token' "$(used jobs_per_day tenant "$fourth")/$(used jobs_per_day token "$fourth")" 1/1

# ---- webhooks ----
for n in 1 2; do
    call "$one" registerWebhook "{\"url\":\"https://example.com/$n\"}"
    same "webhook $n" "$status" 201
    secret "$(sed -n 's/.*"secret":"\([^"]*\)".*/\1/p' "$tmp/answer")"
done
call "$one" registerWebhook '{"url":"https://example.com/3"}'
refused 'a third webhook' webhooks 3600 3600

# ---- running jobs: 64 at once for the token's only place, and the tenant's second ----
for n in $(seq 1 64); do
    call "$one" createAgent "{\"name\":\"agent $n\"}"
    [ "$status" = 201 ] || fail "agent $n: $status"
done
race() { # race TOKEN: 64 clients start a job each; how many were told yes in $yes, and how many no in $no
    seq 1 64 | xargs -P 64 -I @@ curl -s -o /dev/null -w '%{http_code}\n' -H "Authorization: Bearer $1" -H 'Content-Type: application/json' \
        -d "{\"agent_id\":\"agent @@\",\"training_data\":{\"dataset_id\":\"$dataset\"},$long}" "$url/api/v2/functions/startTrainingJob" >"$tmp/race"
    yes=$(grep -c 201 "$tmp/race")
    no=$(grep -c -e 429 -e 409 "$tmp/race") # 409: for the agent of whoever was first before
}
race "$one"
same 'one of 64 gets the last place of the token' "$yes/$no" 1/63
same 'one job is counted' "$(used running_jobs tenant "$one")/$(used jobs_per_day tenant "$one")" 1/1
call "$one" startTrainingJob "{\"agent_id\":\"agent 64\",\"training_data\":{\"dataset_id\":\"$dataset\"},$long}"
[ "$status" = 409 ] || refused 'a second job of the token' running_jobs 10 10
race "$two"
same 'and one the second of the tenant' "$yes/$no" 1/63
hone usage --json >"$tmp/default"
has default '"tenant": "default"' '"used": 0'

# ---- jobs of a day: counted also when they are gone, and after a kill ----
cancel_all() {
    for job in $(curl -s -H "Authorization: Bearer $one" "$url/api/v2/functions/listTrainingJobs" | grep -oE '"job_id":"job_[0-9a-z]*"' | cut -d '"' -f 4); do
        call "$one" cancelTrainingJob "{\"job_id\":\"$job\"}"
    done
    cancel_tries=0
    while [ "$(used running_jobs tenant "$one")" != 0 ] && [ $cancel_tries -lt 300 ]; do
        cancel_tries=$((cancel_tries + 1))
        sleep 0.1
    done
}
cancel_all
call "$one" deleteTrainingJob "{\"job_id\":\"$job\"}"
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
daemon=
serve --config "$tmp/quotas.conf" --jobs 1
same 'still two of the day' "$(used jobs_per_day tenant "$one")" 2
for n in 3 4; do
    call "$one" startTrainingJob "{\"agent_id\":\"agent $n\",\"training_data\":{\"dataset_id\":\"$dataset\"},$long}"
    same "job $n of the day" "$status" 201
    cancel_all
done
left=$((86400 - $(date +%s) % 86400))
call "$one" startTrainingJob "{\"agent_id\":\"agent 5\",\"training_data\":{\"dataset_id\":\"$dataset\"}}"
refused 'a fifth job of the day' jobs_per_day $((left > 3 ? left - 3 : 0)) $((left + 1))
grep -q '^RateLimit-Policy: "jobs_per_day";q=4;w=86400' "$tmp/head" && pass || fail "$(grep -i ratelimit "$tmp/head")"
same 'what was refused is not counted' "$(used jobs_per_day tenant "$one")" 4
curl -s -H "Authorization: Bearer $one" "$url/metrics" >"$tmp/metrics"
has metrics 'hone_quota_rejections_total{quota="jobs_per_day"} 1' 'hone_quota_used{tenant="acme",quota="jobs_per_day"} 4' \
    'hone_quota_used{tenant="acme",quota="examples"} 12'
lacks metrics 'tenant="other"' 'tenant="third"'
curl -s -H "Authorization: Bearer $(make_token admin --tenant other)" "$url/metrics" >"$tmp/metrics"
has metrics 'hone_quota_used{tenant="other",quota="examples"} 1'
lacks metrics 'tenant="acme"'
curl -s -H "Authorization: Bearer $(make_token admin)" "$url/metrics" >"$tmp/metrics"
has metrics 'hone_quota_used{tenant="acme",quota="examples"} 12' 'hone_quota_used{tenant="other",quota="examples"} 1'
stop_daemon
same 'the daemon ends' $? 0

# ---- requests a minute ----
serve --set http.requestsPerMinute=5 --set limits.requestsPerMinute=8
for n in 1 2 3 4 5; do
    call "$one" getUsage '{}'
    same "request $n" "$status" 200
    grep -q "^RateLimit: \"requests\";r=$((5 - n));t=" "$tmp/head" && pass || fail "request $n: $(grep -i ratelimit "$tmp/head")"
done
call "$one" getUsage '{}'
same 'a sixth of the token' "$status" 429
has answer '"code": "QUOTA_EXCEEDED"' 'more than 5 requests a minute came with this token'
wait_s=$(tr -d '\r' <"$tmp/head" | sed -n 's/^Retry-After: //p')
holds 'until the minute is over' "$wait_s" -ge 50
holds 'and no longer' "$wait_s" -le 60
for n in 1 2 3; do
    call "$two" getUsage '{}'
    same "request $n of another token" "$status" 200
done
call "$two" getUsage '{}'
same 'a ninth of the tenant' "$status" 429
has answer 'more than 8 requests a minute came of this tenant'
call "$other" getUsage '{}'
same 'another tenant' "$status" 200
finish
