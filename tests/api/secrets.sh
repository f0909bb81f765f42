#!/bin/sh
# Whatever is sent to the daemon by mistake or to provoke: no token, no Authorization value and no secret of a webhook gets into a log,
# nor into an answer. The search itself is in lib.sh and runs at the end of each script of tests/api; here are the ways to provoke it.
srcdir=${srcdir:-.}
. "$srcdir/tests/api/lib.sh"
command -v curl >/dev/null || { echo 'skipped: there is no curl'; exit 77; }
token=$(make_token admin)
reader=$(make_token read)
serve --access-log "$tmp/access.log"
wrong=hone_0123456789_$(echo "$token" | cut -d _ -f 3 | tr 'a-zA-Z0-9' 'n-za-mN-ZA-M5-90-4')_000000
basic=$(printf 'user:open-sesame-12345' | base64)
webhook=whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=
secret "$wrong" "$basic" open-sesame-12345 "$webhook"
answers=$tmp/answers
# call ARGUMENT...: curl to the daemon; what it answers is kept, and its status is printed.
call() {
    curl -s -H 'Content-Type: application/json' -o "$tmp/one" -w '%{http_code}\n' "$@"
    cat "$tmp/one" >>"$answers" 2>/dev/null
    rm -f "$tmp/one"
}
f=$url/api/v2/functions
same 'a good token' "$(call -H "Authorization: Bearer $token" "$f/listAgents" -d '{}')" 200
same 'a wrong token' "$(call -H "Authorization: Bearer $wrong" "$f/listAgents" -d '{}')" 401
same 'another scheme' "$(call -H "Authorization: Basic $basic" "$f/listAgents" -d '{}')" 401
same 'two tokens' "$(call -H "Authorization: Bearer $token" -H "Authorization: Bearer $reader" "$f/listAgents" -d '{}')" 400
call -H "Authorization: Bearer$token" "$f/listAgents" -d '{}' >/dev/null
call -H "Authorization: $token" "$f/listAgents" -d '{}' >/dev/null
same 'a token in the query' "$(call "$url/api/functions/listAgents?token=$token")" 401
call "$url/api/functions/listAgents?access_token=$reader" >/dev/null
call "$f/$token" -H "Authorization: Bearer $token" -d '{}' >/dev/null
call "$url/$token" >/dev/null
call -H "Authorization: Bearer $token" "$f/getAgent" -d "{\"agent_id\":\"$wrong\"}" >/dev/null
call -H "Authorization: Bearer $token" "$f/registerWebhook" -d "{\"url\":\"https://user:open-sesame-12345@example.org/hook\",\"secret\":\"$webhook\"}" >/dev/null
call -H "Authorization: Bearer $token" "$f/listAgents" -d "{\"a\":\"$webhook" >/dev/null
same 'too little scope' "$(call -H "Authorization: Bearer $reader" "$f/createAgent" -d '{"name":"x"}')" 401
call -X "$token" "$f/listAgents" -d '{}' >/dev/null
call -H "X-Request-Id: $token" -H "traceparent: 00-$wrong" -H "Authorization: Bearer $token" "$f/listAgents" -d '{}' >/dev/null
for one in "$token" "$reader"; do
    grep -F -q -e "$one" "$answers" && fail "a token is in an answer: $(grep -F -e "$one" "$answers" | head -c 300)"
done
pass
# Whoever sends a token as the name of a member is told that name; the log has it not.
call -H "Authorization: Bearer $token" "$f/listAgents" -d "{\"$token\":1}" >/dev/null
sleep 0.5 # lines of the access log are written a quarter of a second later
holds 'there is a log to search' -s "$tmp/serve.log"
holds 'and an access log' -s "$tmp/access.log"
finish
