#!/bin/sh
# The generator openai against an endpoint of the test's own: what it is sent, what becomes of its answer, and each way in which it can fail.
srcdir=${srcdir:-.}
. "$srcdir/tests/api/lib.sh"
command -v curl >/dev/null || { echo 'skipped: there is no curl'; exit 77; }
HONE_PLUGIN_PATH=${HONE_PLUGIN_PATH:-$builddir/plugins}
export HONE_PLUGIN_PATH
receiver=
trap 'stop_daemon; [ -z "$receiver" ] || kill "$receiver" 2>/dev/null; rm -rf "$tmp"' EXIT
: >"$tmp/received"
"$builddir/tests/api/receiver" "$tmp/received" >"$tmp/port" &
receiver=$!
tries=0
while [ ! -s "$tmp/port" ] && [ $tries -lt 100 ]; do
    tries=$((tries + 1))
    sleep 0.05
done
at=http://127.0.0.1:$(cat "$tmp/port")
printf 'sk-test-of-hone-0001\n' >"$tmp/key"
chmod 600 "$tmp/key"
secret sk-test-of-hone-0001

# settings PATH [LINE...]: a configuration with that endpoint.
settings() {
    settings_path=$1
    shift
    printf 'generate = { endpoint = "%s%s"; model = "tester"; keyFile = "%s"; timeoutMs = 1000; %s };\n' "$at" "$settings_path" "$tmp/key" "$*" >"$tmp/hone.conf"
}
printf '%s\n' '{"input":"where is my parcel","expected_output":"parcel"}' '{"input":"my parcel is late again","expected_output":"parcel"}' \
    '{"input":"give my money back","expected_output":"money"}' '{"input":"when is my money back","expected_output":"money"}' >"$tmp/rows.jsonl"
run module 0 module create --name small --data "$tmp/rows.jsonl" -q
run no_endpoint 3 generate small --generators openai
has no_endpoint.err 'no endpoint is configured' generate.endpoint

settings /good
run made 0 generate small --for parcel --count 3 --generators openai --config "$tmp/hone.conf" --json
has made '"input": "where has my parcel got to"' '"input": "the parcel has not come 0"' '"generator": "openai"' '"method": "completion"'
lacks made '"input": "where is my parcel"' '"input": "1. '
has received 'Bearer sk-test-of-hone-0001' '"model":"tester"' 'my parcel is late again' 'must not belong to this other output:\nmoney' '"role":"system"'
lacks made sk-test
cp "$tmp/received" "$tmp/received.good"
settings /busy/2
run busy 0 generate small --for parcel --count 2 --generators openai --config "$tmp/hone.conf" --json
has busy '"generator": "openai"'
settings /busy/9
run too_busy 9 generate small --for parcel --count 2 --generators openai --config "$tmp/hone.conf"
has too_busy.err 'answered 503 after 3 tries'
settings /bad
run bad 9 generate small --for parcel --count 2 --generators openai --config "$tmp/hone.conf"
has bad.err 'did not answer with a chat completion'
settings /refused
run refused 6 generate small --for parcel --count 2 --generators openai --config "$tmp/hone.conf"
has refused.err 'refuses the key (401: no such key)' generate.keyFile
lacks refused.err sk-test
settings /hang 'tries = 1;'
run hang 9 generate small --for parcel --count 2 --generators openai --config "$tmp/hone.conf"
has hang.err 'cannot be asked, after 1 tries'
printf 'generate = { endpoint = "http://127.0.0.1:1/v1"; tries = 1; };\n' >"$tmp/hone.conf"
run nobody 9 generate small --for parcel --count 2 --generators openai --config "$tmp/hone.conf"
has nobody.err 'cannot be asked'
settings /good
chmod 644 "$tmp/key"
run open_key 3 generate small --for parcel --count 2 --generators openai --config "$tmp/hone.conf"
has open_key.err 'can be read by others' 'chmod 600'
chmod 600 "$tmp/key"
printf 'generate = { endpoint = "http://example.com/v1"; keyFile = "%s"; };\n' "$tmp/key" >"$tmp/hone.conf"
run in_clear 3 generate small --for parcel --count 2 --generators openai --config "$tmp/hone.conf"
has in_clear.err 'would carry the key in clear'
printf 'generate = { endpoint = "ftp://example.com/v1"; };\n' >"$tmp/hone.conf"
run no_http 3 generate small --for parcel --count 2 --generators openai --config "$tmp/hone.conf"
has no_http.err 'expected an address such as'

# ---- the daemon asks with its own settings ----
settings /daemon
token=$(make_token train)
serve --config "$tmp/hone.conf"
curl -s -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -o "$tmp/served" \
    -d '{"module_id":"small","sample_count":2,"outputs":["parcel"],"generators":["openai"]}' "$url/api/v2/functions/generateSyntheticTrainingData"
has served '"success": true' '"generator":"openai"'
lacks served sk-test
has received /daemon/chat/completions
rm -f "$tmp/received" "$tmp/received.good" "$tmp/key"
finish
