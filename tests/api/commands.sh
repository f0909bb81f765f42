#!/bin/sh
# Commands that reach a daemon: on its own machine by its socket, and elsewhere by its address; with files that it cannot see; pipelines that are
# watched; and servers that are none.
srcdir=$(cd "${srcdir:-.}" && pwd)
. "$srcdir/tests/api/lib.sh"
head -n 60 "$data" >"$tmp/rows.jsonl"
rows=$tmp/rows.jsonl
awk 'BEGIN { for (i = 0; i < 24; i++) printf "{\"input\":\"case %d\",\"expected_output\":\"%s\",\"metadata\":{\"reward\":%d,\"propensity\":0.5}}\n", i, i % 2 ? "yes" : "no", i % 3 == 0 }' >"$tmp/log.jsonl"
serve
make_token train >"$tmp/token.file"
chmod 600 "$tmp/token.file"

# away NAME STATUS ARGUMENT...: as run(), at the address and with a state directory that is empty.
away() {
    state=$tmp/elsewhere
    run "$@" --server "$url/" --token-file "$tmp/token.file"
    state=$tmp/state
}
cd "$tmp" || exit 99
cat >flow.conf <<'END'
parameters = { agent = "flow"; data = "rows.jsonl"; };
steps = {
    train = { do = "train"; agent = "${agent}"; data = "${data}"; config = { epochs = 2; checkpointInterval = 0; }; };
    never = { do = "gate"; needs = ["train"]; require = "train.metrics.loss < 0"; };
    after = { do = "deploy"; needs = ["never"]; agent = "${agent}"; job = "${train.job_id}"; };
    unless = { do = "gate"; needs = ["train"]; require = "true"; when = "train.metrics.loss < 0"; };
};
END
cat >search.conf <<'END'
agent = "tuned"; data = "rows.jsonl"; trials = 2; batch = 2; search = "grid"; objective = "accuracy"; space = { learningRate = [0.01, 0.02]; };
config = { epochs = 1; checkpointInterval = 0; };
END

# ---- by the socket: files are opened by the daemon ----
run train 0 train --agent desk --data rows.jsonl --set epochs=2 --set model=linear --json -q
has train '"status": "completed"'
run flow 0 pipeline run flow.conf
has flow.err 'Run run_' 'train: completed' 'never: stopped' 'unless: skipped'
has flow 'completed' 'stopped'
run flow 0 pipeline run flow.conf agent=desk --json -q
has flow '"kind": "pipeline"' '"name": "flow"'
run shown 0 pipeline show "$(value flow pipeline_run_id)"
has shown NEEDS
run runs 0 pipeline runs --limit 1
holds 'one run' "$(grep -c '^run_' runs)" -eq 1
run all 0 pipeline runs --limit 0
holds 'both runs' "$(grep -c '^run_' all)" -eq 2
run cancelled 5 pipeline cancel latest
run sweep 0 sweep search.conf
has sweep winner 'trained as'
run broken 10 pipeline run flow.conf data=nowhere.jsonl
has broken.err 'train: failed' 'Mended? Go on with: hone pipeline resume run_'
run again 10 pipeline resume flow.conf
run bad 3 pipeline check flow.conf dta=x
has bad.err "did you mean 'data'"
run module 0 module create --name small --data rows.jsonl
run piped 0 generate small --count 1 --output -
same 'rows' "$(grep -c '"synthetic":true' piped)" 1
run measured 0 generate small --count 2 --generators template --test "$fresh" --set epochs=1
has measured 'fresh rows'
printf 'where is my parcel\nhello\n' | hone ask desk - --threshold 0 >answers
same 'answers to a pipe' "$(wc -l <answers)" 2
run batch 0 ask desk --batch rows.jsonl --output batch.jsonl
same 'answers to a file' "$(wc -l <batch.jsonl)" 60
printf '{"input":"hello","expected_output":"b"}\n{"input":"you","expected_output":"c"}\n' | hone evaluate latest --test - --format jsonl --json >judged 2>judged.err
same 'rows of a pipe' $? 0
has judged '"overall_score"'
printf 'term parcel\n' >rules
run rules 0 evaluate desk --criteria safety --rules rules --json
run none 4 evaluate desk --criteria safety --rules nowhere --json
run log 0 evaluate desk --log log.jsonl
has log '24 rows, average reward 0.3333' snips
for _ in 1 2 3 4; do
    run fed 0 ask desk hello --json
done
run feedback 0 feedback "$(value fed interaction_id)" incorrect --answer refund
run adapted 0 adapt desk
has adapted TREND
run tokens 0 token list
has tokens train
run stopped 5 job pause latest
run exported 0 job export latest --format jsonl
run hook 0 webhook add https://example.com/hook --json
run hooks 0 webhook list
has hooks https://example.com/hook enabled
run deliveries 0 webhook deliveries "$(value hook webhook_id)"
run usage 0 usage
has usage jobs_per_day
run checked 0 db check

# ---- elsewhere: files are sent, or refused where the daemon would have to see them ----
away train 0 train --agent far --data rows.jsonl --set epochs=2 --set model=linear --json -q
away flow 10 pipeline run flow.conf
has flow.err 'train: failed  training_data.file: is not known here'
has flow 'STEP ' failed
away show 0 pipeline show latest
away nothing 4 pipeline run nothing.conf
away module 0 module create --name other --data rows.jsonl --format jsonl
away made 0 generate other --count 2 --generators template --test "$fresh" --set epochs=1 --json
has made '"test": "test_data"'
away log 2 evaluate far --log log.jsonl
away rules 2 evaluate far --criteria safety --rules rules
has rules.err 'is a file of this machine, which the daemon elsewhere cannot read'
away batch 2 ask far --batch rows.jsonl
away none 4 train --agent far --data nowhere.jsonl
away one 0 ask far hello --threshold 0
away report 0 report far --format json
has report '{'
away tokens 6 token list
away usage 0 usage
holds 'nothing was made here' ! -e "$tmp/elsewhere/hone.db"

# ---- what is no daemon, and tokens that will not do ----
"$builddir/tests/api/receiver" "$tmp/received" >"$tmp/port" &
receiver=$!
trap 'stop_daemon; kill $receiver 2>/dev/null; rm -rf "$tmp"' EXIT
tries=0
while [ ! -s "$tmp/port" ] && [ $tries -lt 1200 ]; do
    tries=$((tries + 1))
    sleep 0.05
done
strange=http://127.0.0.1:$(cat "$tmp/port")
for path in ok status/500 status/401 status/302 close; do
    run strange 9 job list --server "$strange/$path"
    has strange.err 'does not answer as a daemon of hone does'
done
run followed 9 train --agent x --data rows.jsonl --server "$strange/ok"
run nobody 9 job list --server http://127.0.0.1:1
has nobody.err 'the daemon at http://127.0.0.1:1 does not answer: '
run nonsense 9 job list --server 'ftp://127.0.0.1'
run absent 4 job list --server "$url" --token-file nowhere
has absent.err nowhere
chmod 644 token.file
run open 3 job list --server "$url" --token-file token.file
has open.err 'the token can be read by others; chmod 600'
chmod 600 token.file
HONE_SERVER=$url HONE_TOKEN_FILE=token.file run variables 0 job list
has variables desk
finish
