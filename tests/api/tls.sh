#!/bin/sh
# Who can reach the server from elsewhere needs TLS, or the word that a proxy does it; and TLS works.
srcdir=${srcdir:-.}
. "$srcdir/tests/api/lib.sh"
command -v curl >/dev/null && command -v openssl >/dev/null || { echo 'skipped: there is no curl or no openssl'; exit 77; }
token=$(make_token read)
run beyond 3 serve --listen 0.0.0.0:0
has beyond.err 'can be reached from other machines'
run half 3 serve --listen 127.0.0.1:0 --tls-cert "$tmp/none"
has half.err 'http.tlsCert and http.tlsKey go together'
run nonsense 3 serve --listen nonsense
has nonsense.err 'is no address to listen on'
run files 3 serve --listen 127.0.0.1:0 --set http.connections=100000 --set http.headerBytes=1000000
has files.err 'http.'
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$tmp/key.pem" -out "$tmp/cert.pem" -days 2 -subj /CN=localhost \
    -addext 'subjectAltName=IP:127.0.0.1' >"$tmp/openssl" 2>&1 || { echo 'skipped: openssl makes no certificate'; exit 77; }
run wrong_key 1 serve --listen 127.0.0.1:0 --tls-cert "$tmp/cert.pem" --tls-key "$tmp/cert.pem"
has wrong_key.err 'a certificate and its key'
mkdir "$tmp/credentials"
cp "$tmp/cert.pem" "$tmp/credentials/tls-cert"
cp "$tmp/key.pem" "$tmp/credentials/tls-key"
export CREDENTIALS_DIRECTORY="$tmp/credentials"
serve --access-log none
unset CREDENTIALS_DIRECTORY
same 'with the credentials that systemd hands over' "$(curl -s --cacert "$tmp/cert.pem" -o "$tmp/back" -w '%{http_code}' "https://127.0.0.1:${url##*:}/healthz")" 200
stop_daemon
serve --access-log none --tls-cert "$tmp/cert.pem" --tls-key "$tmp/key.pem" --set http.headerMs=1000 --set webhooks.allowPrivate=true
port=${url##*:}
same 'over TLS' "$(curl -s --cacert "$tmp/cert.pem" -H "Authorization: Bearer $token" -o "$tmp/back" -w '%{http_code}' "https://127.0.0.1:$port/api/functions/listAgents")" 200
same 'not without' "$(curl -s -m 3 -o "$tmp/back" -w '%{http_code}' "http://127.0.0.1:$port/healthz")" 000
curl -s --tls-max 1.1 --cacert "$tmp/cert.pem" "https://127.0.0.1:$port/healthz" >"$tmp/old" && fail 'TLS 1.1 is taken'
# A webhook to this very server: a certificate that nobody vouches for is a failure; with the operator's own authority it is asked, and says 405.
hone webhook add "https://127.0.0.1:$port/healthz" --json >"$tmp/hook" 2>"$tmp/hook.err"
secret "$(value hook secret)"
run stranger 10 webhook test "$(value hook webhook_id)" --json
has stranger certificate '"response_status": null'
stop_daemon
serve --access-log none --tls-cert "$tmp/cert.pem" --tls-key "$tmp/key.pem" --set http.headerMs=1000 --set webhooks.allowPrivate=true --set webhooks.caFile="$tmp/cert.pem"
port=${url##*:}
run moved 0 webhook update "$(value hook webhook_id)" --url "https://127.0.0.1:$port/healthz" --json
run vouched 10 webhook test "$(value hook webhook_id)" --json
has vouched '"response_status": 405' 'answered 405'
run named 0 webhook update "$(value hook webhook_id)" --url "https://hooks.invalid:$port/healthz" --json
run unnamed 10 webhook test "$(value hook webhook_id)" --json
has unnamed '"response_status": null'
"$builddir/tests/api/raw" "$port" --for 4000 </dev/null >"$tmp/back" 2>"$tmp/fate"
has fate closed
finish
