#!/bin/sh
# The transport of the API: paths, methods, bodies, the one error body, tokens, conditional requests, compression, CORS, limits, and the
# descriptions for operators and machines.
srcdir=${srcdir:-.}
. "$srcdir/tests/api/lib.sh"
command -v curl >/dev/null || { echo 'skipped: there is no curl'; exit 77; }
admin=$(make_token admin) token=$admin
reader=$(make_token read)
serve --access-log "$tmp/access.log" --set http.bodyBytes=4096 --set http.gzipBytes=300 --set http.cors=https://desk.example
f=$url/api/v2/functions

# get NAME STATUS ARGUMENT...: curl with the token; the body is in $tmp/NAME, the header in $tmp/NAME.head.
get() {
    get_name=$1 get_status=$2
    shift 2
    same "$get_name" "$(curl -s -H "Authorization: Bearer $token" -D "$tmp/$get_name.head" -o "$tmp/$get_name" -w '%{http_code}' "$@")" "$get_status"
}
# post NAME STATUS FUNCTION BODY ARGUMENT...
post() {
    post_name=$1 post_status=$2 post_function=$3 post_body=$4
    shift 4
    get "$post_name" "$post_status" -H 'Content-Type: application/json' --data-binary "$post_body" "$f/$post_function" "$@"
}

# ---- paths and methods ----
post created 201 createAgent '{"name":"desk"}'
has created '{"success": true, "data": {"agent_id":"agent_' '"trace_id": "'
get by_app 200 -H 'Content-Type: application/json' -d '{}' "$url/api/apps/app_1/functions/listAgents"
get by_plain 200 -H 'Content-Type: application/json' -d '{}' "$url/api/functions/listAgents"
get by_get 200 "$url/api/functions/getAgent?agent_id=desk"
has by_get '"name":"desk"'
get typed 200 "$url/api/functions/listAgents?limit=1"
get badly_typed 422 "$url/api/functions/listAgents?limit=one"
has badly_typed '"param": "limit"'
get empty 200 -X POST -H 'Content-Type: application/json' "$f/listAgents"
get changing_get 405 "$f/createAgent"
has changing_get.head 'Allow: POST, OPTIONS'
has changing_get '"code": "VALIDATION_ERROR"' '"status": 405'
get put 405 -X PUT -d x "$f/listAgents"
get head 200 -I "$f/listAgents"
get no_function 404 "$f/startTraningJob"
has no_function 'did you mean startTrainingJob?' '"code": "NOT_FOUND"'
get options 204 -X OPTIONS "$f/listAgents"
has options.head 'Allow: POST, GET, HEAD, OPTIONS'
for path in /nothing /api/v2/functions/ /api/apps//functions/listAgents /api/apps/a/b/functions/listAgents /api/functions/listAgents/more \
    '/api/v2/functions/..%2flistAgents' '/%2e%2e/etc/passwd' '/api/v2/jobs/a%00b/events' '/api/v2/jobs/..%5c/events' /api/v2/jobs/x/y; do
    get path 404 --path-as-is "$url$path"
    has path '"code": "NOT_FOUND"'
    lacks path "$tmp"
done

# ---- bodies ----
post malformed 422 getAgent '{"agent_id":
  "desk",, }'
has malformed '"line": 2' '"column": 10' '"code": "VALIDATION_ERROR"'
post twice 422 getAgent '{"agent_id":"a","agent_id":"b"}'
post no_object 422 getAgent '[1]'
post faults 422 startTrainingJob '{"agent_id":7,"config":{"epochs":0,"batch_size":-1,"optimiser":"adam"}}'
has faults '"path": "config.epochs"' '"path": "agent_id"' '"path": "training_data"' '"success": false' '"retryable": false' '"title": "Unprocessable Content"' \
    '"status": 422' '"detail": "' '"error": {"code": "VALIDATION_ERROR"' '"type": "invalid_request_error"'
has faults.head 'Content-Type: application/json'
post problem 422 getAgent '{}' -H 'Accept: application/problem+json'
has problem.head 'Content-Type: application/problem+json'
get form_urlencoded 415 -d 'agent_id=desk' "$f/getAgent"
has form_urlencoded 'expected application/json' 'found application/x-www-form-urlencoded'
get gzipped 415 -H 'Content-Encoding: gzip' -H 'Content-Type: application/json' -d '{}' "$f/getAgent"
head -c 4096 /dev/zero | tr '\0' ' ' >"$tmp/blank"
get just_fits 200 -H 'Content-Type: application/json' --data-binary "@$tmp/blank" "$f/listAgents"
echo >>"$tmp/blank"
get too_large 413 -H 'Content-Type: application/json' --data-binary "@$tmp/blank" "$f/listAgents"
has too_large '"code": "VALIDATION_ERROR"' '"status": 413'
get too_large_chunked 413 -H 'Transfer-Encoding: chunked' -H 'Content-Type: application/json' --data-binary "@$tmp/blank" "$f/listAgents"
has too_large_chunked '"status": 413'
get parts 200 -F agent_id=desk "$f/getAgent"
has parts '"name":"desk"'
get parts_json 200 -F limit=5 "$f/listAgents"
get parts_null 422 -F agent_id=null "$f/getAgent"
get parts_fault 422 -F 'agent_id=desk' -F 'config={"epochs":0}' "$f/startTrainingJob"
has parts_fault '"path": "config.epochs"'
get parts_file 422 -F "agent_id=@$tmp/blank" "$f/getAgent"
has parts_file 'takes no file'

# ---- keys that make a call once ----
post first 201 createAgent '{"name":"once"}' -H 'Idempotency-Key: k-1'
post second 201 createAgent '{"name":"once"}' -H 'Idempotency-Key: k-1'
has second.head 'Idempotent-Replayed: true'
same 'the stored answer' "$(value second agent_id)" "$(value first agent_id)"
post other_body 422 createAgent '{"name":"twice"}' -H 'Idempotency-Key: k-1'
post empty_key 422 createAgent '{"name":"thrice"}' -H 'Idempotency-Key;'
post long_key 422 createAgent '{"name":"thrice"}' -H "Idempotency-Key: $(head -c 256 /dev/zero | tr '\0' k)"

# ---- tokens ----
token=
get no_token 401 "$f/listAgents"
token=x
get wrong_token 401 -d '{}' "$f/listAgents"
has wrong_token.head 'WWW-Authenticate: Bearer'
has wrong_token '"code": "UNAUTHORIZED"' '"type": "authentication_error"'
token=$reader
post read_only 401 createAgent '{"name":"x"}'
get in_query 401 "$url/api/functions/listAgents?token=$reader"
has in_query 'must not stand in the URL'
for path in healthz readyz version openapi.json; do
    same "$path is open" "$(curl -s -o "$tmp/open" -w '%{http_code}' "$url/$path")" 200
done
same 'metrics are not' "$(curl -s -o "$tmp/open" -w '%{http_code}' "$url/metrics")" 401
token=$admin

# ---- what answers say of themselves ----
post traced 200 listAgents '{}' -H 'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
has traced '"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"'
has traced.head 'X-Request-Id: 4bf92f3577b34da6a3ce929d0e0e4736' 'Content-Type: application/json' 'X-Content-Type-Options: nosniff' 'Cache-Control: no-store' \
    'Referrer-Policy: no-referrer'
get tagged 200 "$url/api/functions/listAgents"
etag=$(sed -n 's/^ETag: *\(.*\)\r$/\1/p' "$tmp/tagged.head")
get not_modified 304 -H "If-None-Match: $etag" "$url/api/functions/listAgents"
holds 'nothing is sent again' ! -s "$tmp/not_modified"
get modified 200 -H 'If-None-Match: "other"' "$url/api/functions/listAgents"
same 'compressed' "$(curl -s -H 'Accept-Encoding: gzip' -D "$tmp/zipped.head" "$url/openapi.json" | gzip -dc | cksum)" "$(curl -s "$url/openapi.json" | cksum)"
has zipped.head 'Content-Encoding: gzip' 'Vary: '
get small 200 -H 'Accept-Encoding: gzip' "$url/healthz"
lacks small.head 'Content-Encoding'

# ---- from a browser ----
get preflight 204 -X OPTIONS -H 'Origin: https://desk.example' -H 'Access-Control-Request-Method: POST' "$f/createAgent"
has preflight.head 'Access-Control-Allow-Origin: https://desk.example' 'Access-Control-Allow-Methods: POST' 'Idempotency-Key' 'traceparent'
get stranger 200 -H 'Origin: https://other.example' "$url/healthz"
lacks stranger.head 'Access-Control-Allow-Origin'

# ---- for operators and machines ----
get version 200 "$url/version"
has version '"version": "' '"libmicrohttpd": "' '"sandbox": {"landlock":' '"missing":['
get openapi 200 "$url/openapi.json"
has openapi '"openapi":"3.1.0"' '"operationId":"startTrainingJob"' '/api/v2/jobs/{job_id}/events'
get metrics 200 "$url/metrics"
has metrics 'http_requests_total{handler="listAgents",code="200"}' 'http_request_duration_seconds_bucket{handler="getAgent",le="+Inf"}' 'hone_jobs{status="completed"} 0' \
    'process_resident_memory_bytes' 'http_connections '
stop_daemon
same 'each request has its line' "$(grep -c '"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"' "$tmp/access.log")" 1
has access.log '"method":"POST","path":"/api/v2/functions/listAgents","handler":"listAgents","status":200' '"tenant":"default","token_id":"' '"code":"UNAUTHORIZED"'
lacks access.log 'limit=1'

# ---- behind a proxy: the address that the proxy saw counts, not what clients write before it ----
serve --access-log "$tmp/proxied.log" --behind-proxy
curl -s -o "$tmp/back" -H 'X-Forwarded-For: 203.0.113.7, 192.0.2.9' "$url/healthz"
curl -s -o "$tmp/back" -H 'X-Forwarded-For: nonsense"' "$url/healthz"
stop_daemon
same 'the peer' "$(sed -n 's/.*"peer":"\([^"]*\)".*/\1/p' "$tmp/proxied.log" | tr '\n' ' ')" '192.0.2.9 127.0.0.1 '
lacks access.log 'X-Forwarded-For'

# ---- limits of their own ----
serve --access-log none --set http.loginFailures=3 --requests-per-minute 5 --cors https://flag.example
f=$url/api/v2/functions
token=$reader
get preflight 204 -X OPTIONS -H 'Origin: https://flag.example' -H 'Access-Control-Request-Method: POST' "$f/createAgent"
has preflight.head 'Access-Control-Allow-Origin: https://flag.example'
for i in 1 2 3 4 5; do
    get allowed 200 "$f/listAgents"
done
get too_often 429 "$f/listAgents"
has too_often.head 'Retry-After: ' 'RateLimit: "requests";r=0;t=' 'RateLimit-Policy: "requests";q=5;w=60'
has too_often '"code": "QUOTA_EXCEEDED"' '"retryable": true'
token=wrong
get failure 401 "$f/listAgents"
get failure 401 "$f/listAgents"
get failure 401 "$f/listAgents"
get guessing 429 "$f/listAgents"
has guessing.head 'Retry-After: ' 'RateLimit-Policy: "logins";q=3;w=60'
finish
