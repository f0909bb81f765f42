#!/bin/sh
# Real deliveries, verified by the npm package standardwebhooks and by the receiver of docs/examples, which then receives by itself. npm installs the
# package into the build folder once; without node, npm or its registry the test is skipped.
srcdir=${srcdir:-.}
. "$srcdir/tests/api/lib.sh"
clients=$builddir/tests/api/clients/standardwebhooks
command -v node >/dev/null && command -v npm >/dev/null || { echo "skipped: there is no node or no npm"; exit 77; }
[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] || { echo "skipped: node is older than 20"; exit 77; }
if [ ! -d "$clients/node_modules/standardwebhooks" ]; then
    mkdir -p "$clients"
    timeout 120 npm install --silent --no-audit --no-fund --ignore-scripts --no-save --prefix "$clients" standardwebhooks@1.0.0 >"$tmp/npm" 2>&1 || {
        rm -rf "${clients:?}"
        echo "skipped: npm could not install standardwebhooks: $(tail -n 1 "$tmp/npm")"
        exit 77
    }
fi
receivers=
trap 'stop_daemon; [ -z "$receivers" ] || kill $receivers 2>/dev/null; rm -rf "$tmp"' EXIT
"$builddir/tests/api/receiver" "$tmp/received" >"$tmp/port" &
receivers=$!
while [ ! -s "$tmp/port" ]; do sleep 0.02; done

serve --set webhooks.allowPrivate=true --set webhooks.allowHttp=true
hone webhook add "http://127.0.0.1:$(cat "$tmp/port")/ok" --json >"$tmp/hook" 2>/dev/null
hook=$(value hook webhook_id)
umask 077
value hook secret >"$tmp/first"
secret "$(cat "$tmp/first")"
run ping 0 webhook test "$hook"
run train 0 train --agent told --data "$data" --set epochs=2 --json
hone webhook rotate "$hook" --overlap 1 --json >"$tmp/rotated" 2>/dev/null
value rotated secret >"$tmp/second"
secret "$(cat "$tmp/second")"
run ping 0 webhook test "$hook"
node "$srcdir/tests/api/clients/webhooks.mjs" "$clients" "$tmp/received" "$tmp/first" "$tmp/second" >"$tmp/verified" 2>&1
grep -v 'passed,' "$tmp/verified" | head -n 40
line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$tmp/verified" | tail -n 1)
if [ -n "$line" ]; then
    passed=$((passed + ${line%% *}))
    failed=$((failed + $(echo "$line" | sed 's/.*, \([0-9]*\) failed/\1/')))
else
    fail "webhooks.mjs ended without a count: $(cat "$tmp/verified")"
fi

# ---- the example of the manual receives by itself ----
port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
hone webhook add "http://127.0.0.1:$port/" --json >"$tmp/hook" 2>/dev/null
hook=$(value hook webhook_id)
value hook secret >"$tmp/third"
secret "$(cat "$tmp/third")"
HONE_WEBHOOK_SECRET_FILE=$tmp/third node "$srcdir/docs/examples/webhook-receiver.mjs" "$port" >"$tmp/example" 2>&1 &
receivers="$receivers $!"
tries=0
while ! grep -q listening "$tmp/example" && [ $tries -lt 100 ]; do tries=$((tries + 1)); sleep 0.1; done
run example_ping 0 webhook test "$hook"
has example webhook.test
run listed 0 webhook deliveries "$hook" --json
run again 0 webhook redeliver "$(value listed delivery_id)" --json
tries=0
while hone webhook deliveries "$hook" --status pending --json | grep -q delivery_id && [ $tries -lt 100 ]; do tries=$((tries + 1)); sleep 0.1; done
same 'done once, though delivered twice' "$(grep -c webhook.test "$tmp/example")" 1
hone webhook rotate "$hook" --overlap 0 --json >"$tmp/rotated" 2>/dev/null
secret "$(value rotated secret)"
run stranger 10 webhook test "$hook" --json
has stranger 'answered 400' 'the signature is wrong'
finish
