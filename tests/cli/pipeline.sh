#!/bin/sh
# Pipelines on the command line: every fault with its line, the shipped ones on the example data, unchanged steps, gates, conditions, matrices,
# failures and going on, the picture.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"
rows="data=$data test=$fresh"

# ---- faults, with file and line ----
cat >"$tmp/bad.conf" <<'END'
name = "bad";
paramters = { };
parameters = { data = "x"; };
steps = {
    train = { do = "train"; agent = "a"; data = "${data}"; config = { learnigRate = 0.1; }; };
    judge = { do = "evaluate"; needs = ["trian"]; job = "${train.job_id}"; tset = "x"; };
    a = { do = "gate"; needs = ["b"]; require = "1 <"; };
    b = { do = "gate"; needs = ["a"]; require = "true"; };
    c = { do = "deplyo"; };
    d = { do = "gate"; needs = ["train"]; require = "train.x == tra1n.y"; retries = 99; };
    e = { do = "report"; needs = ["train"]; job = "${judge.job_id}"; };
};
END
run bad 3 pipeline check "$tmp/bad.conf" --json
has bad '"line": 2' "did you mean 'parameters'?"
sed -i 2d "$tmp/bad.conf"
run bad 3 pipeline check "$tmp/bad.conf"
has bad.err 'bad.conf:4:' "did you mean 'learningRate'?" 'bad.conf:5:' "there is no step 'trian'" "did you mean 'train'?" "did you mean 'test'?" \
    'bad.conf:7:' 'the steps wait for each other: ' 'a needs b needs a' 'column 4: expected a value' "there is no kind of step 'deplyo'" "did you mean 'deploy'?" \
    "'tra1n' is neither a parameter of the pipeline nor a step; did you mean 'train'?" 'retries: expected a whole number from 0 to 10' "add it to needs"
printf 'steps = {\n  a = { do = "gate"; require = "true" \n};\n' >"$tmp/syntax.conf"
run syntax 3 pipeline check "$tmp/syntax.conf"
has syntax.err 'syntax.conf:4:'
run absent 4 pipeline run nightly-retrian
has absent.err "did you mean 'nightly-retrain'?"
run needs 3 pipeline run ab-test agent=x
has needs.err 'parameters.data: the pipeline needs a value'
run wrong 3 pipeline run ab-test agent=x data=y promot=true
has wrong.err "did you mean 'promote'?"
run typed 3 pipeline run ab-test agent=x data=y promote=maybe
run nothing 0 pipeline runs --json
lacks nothing run_

# ---- the shipped ones ----
run list 0 pipeline list
for p in ab-test few-shot-bootstrap nightly-retrain promote-if-better sweep; do
    has list "$p"
    run check 0 pipeline check $p
    run svg 0 pipeline show $p --svg "$tmp/$p.svg"
    holds "the picture of $p" "$(grep -c '<g class' "$tmp/$p.svg")" -ge 3
done
head -n 800 "$data" >"$tmp/half.jsonl"
night="agent=support test=$fresh report_file=$tmp/night.html"
run night1 0 pipeline run nightly-retrain $night data="$tmp/half.jsonl" --json
has night1.err 'train: completed' 'deploy: completed' 'incumbent: skipped'
has night1 '"status": "completed"' '"previous_version_id": null'
holds 'a report' -s "$tmp/night.html"
run night2 0 pipeline run nightly-retrain $night data="$data"
has night2.err 'train: completed' 'deploy: completed' 'incumbent: completed'
run night3 0 pipeline run nightly-retrain $night data="$data"
has night3.err 'train: completed  unchanged since run_' 'not_worse: stopped' 'deploy: stopped'
run back 0 agent rollback support
has back 'version 1'
run night4 0 pipeline run nightly-retrain $night data="$data"
has night4.err 'deploy: stopped'
run forth 0 agent deploy support 2
has forth 'version 2'
run promote 0 pipeline run promote-if-better agent=fresh $rows
has promote.err 'train: completed' 'compare: skipped' 'deploy: completed'
run least 0 pipeline run promote-if-better agent=other $rows least=1
has least.err 'good_enough: stopped' 'deploy: stopped'
run ab 0 pipeline run ab-test agent=ab data="$data" promote=true
has ab.err 'train[0]: completed' 'train[1]: completed' 'compare: completed'
run few 0 pipeline run few-shot-bootstrap agent=few $rows
has few.err 'evaluate[1]: completed' 'deploy: completed'
run grid 0 pipeline run sweep agent=grid $rows --json
has grid.err 'train[5]: completed' 'judge: completed'
run runs 0 pipeline runs --status completed
holds 'runs are listed' "$(grep -c '^run_' "$tmp/runs")" -eq 9

# ---- what makes a step run again ----
cat >"$tmp/two.conf" <<'END'
parameters = { data = ""; epochs = 2; cache = ""; };
steps = {
    train = { do = "train"; agent = "two"; data = "${data}"; config = { epochs = "${epochs}"; earlyStopping = false; }; };
    judge = { do = "evaluate"; needs = ["train"]; job = "${train.job_id}"; };
};
END
cp "$tmp/half.jsonl" "$tmp/moving.jsonl"
run first 0 pipeline run "$tmp/two.conf" data="$tmp/moving.jsonl"
lacks first.err unchanged
run second 0 pipeline run "$tmp/two.conf" data="$tmp/moving.jsonl"
has second.err 'train: completed  unchanged' 'judge: completed  unchanged'
cp "$tmp/moving.jsonl" "$tmp/same.jsonl"
run renamed 0 pipeline run "$tmp/two.conf" data="$tmp/same.jsonl"
has renamed.err 'train: completed  unchanged'
run epochs 0 pipeline run "$tmp/two.conf" data="$tmp/moving.jsonl" epochs=1
lacks epochs.err unchanged
sed -n 1p "$data" | sed 's/"input": *"/&really, /' >>"$tmp/moving.jsonl"
run moved 0 pipeline run "$tmp/two.conf" data="$tmp/moving.jsonl"
lacks moved.err unchanged
weights=$(sed -n 's/.*"weights_file": *"\(.*\)".*/\1/p' "$tmp/night1" | head -n 1)
holds 'weights' -s "$tmp/state/$weights"
rm "$tmp/state/$(hone job show "$(sed -n 's/^train: completed  unchanged.*//; s/.*  \(job_[a-z0-9]*\)$/\1/p' "$tmp/moved.err" | head -n 1)" --json |
    sed -n 's/.*"weights_file": *"\(.*\)".*/\1/p')"
run lost 0 pipeline run "$tmp/two.conf" data="$tmp/moving.jsonl"
lacks lost.err unchanged
sed 's/do = "train"/&; cache = false/' "$tmp/two.conf" >"$tmp/three.conf"
run forced 0 pipeline run "$tmp/three.conf" data="$tmp/same.jsonl"
lacks forced.err 'train: completed  unchanged'
mkdir "$tmp/plugins"
cp "${HONE_PLUGIN_PATH%%:*}"/optimizers/.libs/adam.so "$tmp/plugins/adam2.so" 2>/dev/null || cp "$(find "$builddir/plugins" -name adam.so | head -n 1)" "$tmp/plugins/adam2.so"
HONE_PLUGIN_PATH=$HONE_PLUGIN_PATH:$tmp/plugins run plugin 0 pipeline run "$tmp/two.conf" data="$tmp/same.jsonl"
lacks plugin.err unchanged

# ---- failures ----
cat >"$tmp/fails.conf" <<END
name = "a <b> & \"c\"";
steps = {
    check = { do = "validate"; data = "$tmp/later.jsonl"; retries = 2; description = "x < y & z"; };
    train = { do = "train"; needs = ["check"]; agent = "later"; data = "$tmp/later.jsonl"; };
    aside = { do = "gate"; require = "1 < 2"; };
    never = { do = "gate"; needs = ["aside"]; require = "1 > 2"; };
    after = { do = "report"; needs = ["never"]; agent = "later"; };
    maybe = { do = "report"; needs = ["aside"]; when = "not aside.passed"; agent = "later"; };
    both  = { do = "gate"; needs = ["maybe", "aside"]; require = "not defined(maybe) and aside.passed"; };
};
END
run fails 10 pipeline run "$tmp/fails.conf" --json
has fails.err 'check: failed' 'train: stopped' 'aside: completed' 'never: stopped' 'after: stopped' 'maybe: skipped' 'both: completed'
has fails '"status": "failed"' "step 'check' failed"
head -n 300 "$data" >"$tmp/later.jsonl"
run mended 0 pipeline resume "$(value fails pipeline_run_id)"
has mended.err 'check: completed' 'train: completed'
lacks mended.err 'aside:'
run picture 0 pipeline show latest --svg -
has picture 'a &lt;b&gt; &amp; &quot;c&quot;' 'class="completed"' 'x &lt; y &amp; z'
run again 0 pipeline resume latest
has again completed
sed 's/1 > 2"/&; otherwise = "fail"/' "$tmp/fails.conf" >"$tmp/hard.conf"
run hard 10 pipeline run "$tmp/hard.conf"
has hard.err 'never: failed' 'the condition does not hold: 1 > 2'
run cancelled 0 pipeline cancel latest
run none 5 pipeline resume latest
run show 0 pipeline show "$(value fails pipeline_run_id)"
has show 'stopped' 'NEEDS'

# ---- steps whose functions came later ----
hone module create --name small --data "$tmp/half.jsonl" --json >"$tmp/module" 2>/dev/null
cat >"$tmp/more.conf" <<END
steps = {
    more = { do = "generate"; module = "$(value module module_id)"; count = 5; seed = 3; };
    enough = { do = "gate"; needs = ["more"]; require = "count(more.scenarios) >= 1"; };
};
END
run more 0 pipeline run "$tmp/more.conf" --json
has more.err 'more: completed' 'enough: completed'
has more '"scenarios"'
cat >"$tmp/hook.conf" <<'END'
steps = {
    tell = { do = "webhook"; webhook = "webhook_none"; };
    adapt = { do = "adapt"; agent = "support"; };
};
END
hone functions >"$tmp/functions"
if grep -q '^adaptAgentBehavior' "$tmp/functions" && grep -q '^testWebhook' "$tmp/functions"; then
    run hook 10 pipeline run "$tmp/hook.conf"
    has hook.err 'tell: failed' 'webhooks are sent by the daemon' 'adapt: failed'
else
    run hook 3 pipeline check "$tmp/hook.conf"
    has hook.err 'hook.conf:' 'this build has no function'
fi

# A version that was trained does not answer before it is deployed.
run ask 8 ask later 'where is my parcel'
finish
