#!/bin/sh
# Requests in bad faith beyond those of tests/api/abuse.sh, with figures: a thousand connections that drip while a good client is served, ten
# thousand attempts to connect, hundreds of paths that try to climb, a thousand wrong tokens, a thousand requests in one go, methods and media
# types in all pairs, bodies that are no JSON. Whatever is refused is refused in the document's form and tells nothing of this machine.
# P99_MS (100) is what the good client may wait; ATTEMPTS (10000) how many connections are tried.
srcdir=${srcdir:-.}
. "$srcdir/tests/api/lib.sh"
command -v curl >/dev/null || { echo 'skipped: there is no curl'; exit 77; }
HONE_TEST_TOKEN=$(make_token admin)
export HONE_TEST_TOKEN
open="--set http.connections=4000 --set http.connectionsPerAddress=3000"
nm "$builddir/hone" 2>/dev/null | grep -q __asan_init && P99_MS=${P99_MS:-1000}
raw=$builddir/tests/api/raw
# shellcheck disable=SC2086
serve --access-log "$tmp/access.log" $open
port=${url##*:}
rss() { awk '/VmRSS/ { print $2 }' "/proc/$daemon/status"; }
ticks() { awk '{ print $14 + $15 }' "/proc/$daemon/stat"; }

# ---- W1: slowloris ----
printf 'GET /healthz HTTP/1.1\r\nHost: a\r\nX: 01234567890123456789\r\n\r\n' >"$tmp/sent"
"$raw" "$port" --count 1000 --slow 1000 --for 13000 <"$tmp/sent" 2>"$tmp/dripping" &
drips=$!
sleep 1
"$builddir/tests/faults/mixed" "$port" 1 8 1 5 >"$tmp/good" 2>&1
same 'the good client is answered each time' $? 0
p99=$(sed -n 's/.* p99 \([0-9]*\) us/\1/p' "$tmp/good")
holds "the good client waits $p99 us in one request of a hundred" "${p99:-999999999}" -le $((${P99_MS:-100} * 1000))
wait $drips
has dripping '1000 connected' ' 1000 closed'
echo "1,000 connections that drip: $(tail -n 1 "$tmp/good")"

# ---- W2: connections without end, at the limits as they are set by default ----
stop_daemon
serve --access-log "$tmp/access.log"
port=${url##*:}
start=$(ticks)
begin=$(date +%s%N)
left=${ATTEMPTS:-10000}
while [ "$left" -gt 0 ]; do
    "$raw" "$port" --count 1000 --wait 300 --for 1500 <"$tmp/sent" 2>>"$tmp/flood"
    left=$((left - 1000))
    same 'another is served' "$(curl -s -m 2 --unix-socket "$state/hone.sock" -o "$tmp/back" -w '%{http_code}' http://hone/healthz)" 200
done
used=$(($(ticks) - start)) took=$((($(date +%s%N) - begin) / 10000000))
holds "at most half a core: $used of $took hundredths of a second" $((used * 2)) -le $took
same 'the daemon lives' "$(curl -s -m 5 -o "$tmp/back" -w '%{http_code}' "$url/healthz")" 200
curl -s -H "Authorization: Bearer $HONE_TEST_TOKEN" "$url/metrics" >"$tmp/metrics"
holds 'those beyond the limit were refused' "$(awk '$1 == "http_connections_refused_total" { print int($2) }' "$tmp/metrics")" -ge $((${ATTEMPTS:-10000} / 2))
sleep 0.5

# ---- W3, W5: sizes are tests/api/abuse.sh's; here what they cost ----
before=$(rss)
head -c 8000000 /dev/zero | tr '\0' x >"$tmp/large"
{ printf 'GET /'; cat "$tmp/large"; printf ' HTTP/1.1\r\nHost: a\r\n\r\n'; } | head -c 4000000 >"$tmp/sent"
"$raw" "$port" <"$tmp/sent" >"$tmp/back" 2>"$tmp/fate"
has fate closed
lacks back '"success": true'
{ printf 'GET /healthz HTTP/1.1\r\nHost: a\r\nCookie: '; seq 100000 | sed 's/.*/a&=b; /' | tr -d '\n'; printf '\r\n\r\n'; } >"$tmp/sent"
"$raw" "$port" <"$tmp/sent" >"$tmp/back" 2>"$tmp/fate"
has back 'HTTP/1.1 431 '
has fate closed
# A bomb: three kilobytes that would be three megabytes.
head -c 3000000 /dev/zero | gzip -9 >"$tmp/bomb"
same 'no compressed body is unpacked' "$(curl -s -o "$tmp/back" -w '%{http_code}' -H "Authorization: Bearer $HONE_TEST_TOKEN" -H 'Content-Type: application/json' \
    -H 'Content-Encoding: gzip' --data-binary "@$tmp/bomb" "$url/api/v2/functions/listAgents")" 415
same 'a body that says how large it is is not read' "$(curl -s -o "$tmp/back" -w '%{http_code}' -H "Authorization: Bearer $HONE_TEST_TOKEN" \
    -H 'Content-Type: application/json' -H 'Expect: 100-continue' --data-binary "@$tmp/large" "$url/api/v2/functions/listAgents")" 413
holds "none of it stays in memory: $(rss) KB after $before" $(($(rss) - before)) -le 2048

# ---- W6: paths that try to climb ----
n=0
: >"$tmp/urls"
for dots in .. %2e%2e %2E%2e .%2e %252e%252e %c0%ae%c0%ae %e0%80%ae%e0%80%ae ..%00 '..;' %u002e%u002e %ef%bc%8e%ef%bc%8e ..%20; do
    for slash in / %2f %5c '\' %252f // %c0%af; do
        for target in "api/v2/functions/$dots$slash$dots${slash}etc/passwd" "api/v2/jobs/$dots$slash$dots$slash$dots${slash}etc/passwd/events" "$dots$slash$dots${slash}etc/passwd"; do
            printf 'url = "%s/%s"\noutput = "%s/climbed"\n' "$url" "$(printf '%s' "$target" | sed 's/\\/\\\\/g')" "$tmp" >>"$tmp/urls"
            n=$((n + 1))
        done
    done
done
curl -s --path-as-is -H "Authorization: Bearer $HONE_TEST_TOKEN" -w '%{http_code}\n' -K "$tmp/urls" >"$tmp/codes"
same "of $n paths each is answered" "$(wc -l <"$tmp/codes")" "$n"
same 'with 404, 422 or 400' "$(grep -c -v '^404$\|^422$\|^400$' "$tmp/codes")" 0
for id in ../../etc/passwd /etc/passwd '..\\..\\etc\\passwd' 'job_..%2f' '.' '..' 'a/../../b' '\u0000' '~' '$(id)' '%00' 'con'; do
    for function in getTrainingJob listCheckpoints monitorTrainingProgress getAgent deleteDataset getTrainingModule; do
        code=$(curl -s -o "$tmp/back" -w '%{http_code}' -H "Authorization: Bearer $HONE_TEST_TOKEN" -H 'Content-Type: application/json' \
            --data-binary "{\"job_id\":\"$id\",\"agent_id\":\"$id\",\"dataset_id\":\"$id\",\"module_id\":\"$id\"}" "$url/api/v2/functions/$function")
        case $code in
        404 | 422) ;;
        *) fail "$function of '$id': $code $(head -c 300 "$tmp/back")" ;;
        esac
        grep -q 'root:\|/state/\|SQL\|sqlite' "$tmp/back" && fail "$function of '$id' tells of this machine: $(head -c 300 "$tmp/back")"
    done
done
pass
echo "$n paths that climb, 72 ids: refused"

# ---- W9: wrong tokens, and W11: a thousand requests in one go ----
for i in $(seq 1000); do
    printf 'POST /api/v2/functions/listAgents HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer hone_wrong_%s\r\nContent-Length: 2\r\n\r\n{}' "$i"
done >"$tmp/sent"
lines=$(wc -l <"$tmp/serve.log")
"$raw" "$port" --wait 1000 <"$tmp/sent" >"$tmp/back" 2>"$tmp/fate"
same 'ten wrong tokens' "$(grep -a -c '^HTTP/1.1 401 ' "$tmp/back")" 10
same 'and then no more' "$(grep -a -c '^HTTP/1.1 429 ' "$tmp/back")" 990
same 'with a time to wait' "$(grep -a -c '^Retry-After: ' "$tmp/back")" 990
lacks back 'hone_wrong'
holds 'and hardly a line of log' $(($(wc -l <"$tmp/serve.log") - lines)) -le 2
same 'who is somewhere else is served' "$(curl -s --unix-socket "$state/hone.sock" -o "$tmp/answer" -w '%{http_code}' http://hone/healthz)" 200
stop_daemon

# shellcheck disable=SC2086
serve --access-log "$tmp/access.log" $open
port=${url##*:}
for i in $(seq 1000); do
    printf 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n'
done >"$tmp/sent"
"$raw" "$port" --wait 1000 <"$tmp/sent" >"$tmp/back" 2>"$tmp/fate"
same 'a thousand requests on one connection' "$(grep -a -c '"status": "ok"' "$tmp/back")" 1000
printf 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n' >"$tmp/sent"
"$raw" "$port" --half 1 --wait 1000 <"$tmp/sent" >"$tmp/back" 2>"$tmp/fate"
has back '"status": "ok"' # who has said all and still listens

# ---- W11: methods and media types ----
for path in /healthz /readyz /version /openapi.json /metrics /api/v2/functions/listAgents /api/v2/functions/createAgent /api/v2/jobs/latest/events /nothing; do
    for method in GET HEAD POST PUT DELETE OPTIONS PATCH TRACE CONNECT BREW get; do
        printf '%s %s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' $method $path "$HONE_TEST_TOKEN" >"$tmp/sent"
        "$raw" "$port" --wait 2000 <"$tmp/sent" >"$tmp/back" 2>"$tmp/fate"
        code=$(sed -n '1s/^HTTP\/1.1 \([0-9]*\).*/\1/p' "$tmp/back")
        case $path:$method in
        /nothing:* | /api/v2/jobs/*:*) want='404 405 204' ;;
        *:OPTIONS) want='200 204' ;;
        /api/v2/functions/listAgents:POST | /api/v2/functions/listAgents:GET | /api/v2/functions/listAgents:HEAD) want=200 ;;
        /api/v2/functions/createAgent:POST) want=422 ;;
        /api/*:*) want=405 ;;
        *:GET | *:HEAD) want=200 ;;
        *) want=405 ;;
        esac
        case " $want " in
        *" $code "*) ;;
        *) fail "$method $path: $code, expected $want" ;;
        esac
        # Every refusal is the document's, with its trace, but for the library's own words (docs/operations.md).
        case $code:$method in
        2??:* | *:HEAD) ;;
        *) grep -q '"success": false' "$tmp/back" && grep -q '"trace_id"' "$tmp/back" || fail "$method $path: no error body: $(head -c 300 "$tmp/back")" ;;
        esac
    done
done
pass
for type in text/plain text/xml application/x-www-form-urlencoded application/octet-stream; do
    same "a body of $type" "$(curl -s -o "$tmp/back" -w '%{http_code}' -H "Authorization: Bearer $HONE_TEST_TOKEN" -H "Content-Type: $type" --data-binary '{}' \
        "$url/api/v2/functions/listAgents")" 415
    has back '"success": false' '"trace_id": "'
done

# ---- bodies that are no JSON ----
"$builddir/tests/faults/json_bodies" "$port" >"$tmp/bodies"
same 'JSON and what is none' $? 0
cat "$tmp/bodies"
finish
