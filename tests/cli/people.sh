#!/bin/sh
# What people see, not programs: tables, charts, and the bar of a training and the steps of a pipeline on a terminal.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"
head -n 60 "$data" >"$tmp/rows.jsonl"
# on_terminal NAME ARGUMENT...: `hone ARGUMENT...` on a terminal of 80 columns, what it shows in $tmp/NAME.
on_terminal() {
    terminal_name=$1
    shift
    TERM=xterm script -qec "stty cols 80 rows 24; '$builddir/hone' --state '$tmp/state' $*" /dev/null </dev/null >"$tmp/$terminal_name" 2>&1
}

# ---- learning rates: the values of docs/formulas.md ----
run preview 0 scheduler preview constant --steps 10 --lr 0.5 --warmup 4 --json
same 'a warm-up of 4 steps to 0.5' "$(tr -d ' \n' <"$tmp/preview" | sed 's/.*"values":\[\([^]]*\)\].*/\1/')" 0,0.125,0.25,0.375,0.5,0.5,0.5,0.5,0.5,0.5
run preview 0 scheduler preview polynomial --steps 5 --lr 1 --set schedulerOptions.power=2 --json
same 'a parabola' "$(tr -d ' \n' <"$tmp/preview" | sed 's/.*"values":\[\([^]]*\)\].*/\1/' | tr , '\n' | awk '{ printf "%.3f ", $1 }')" '1.000 0.640 0.360 0.160 0.040 '
run chart 0 scheduler preview linear --steps 100 --lr 0.5 --svg "$tmp/chart.svg"
has chart '0.5 |**' '0           ' '99'
has chart.svg '<polyline' 'step 99' '</svg>'
run plateau 0 scheduler preview reduce_lr_on_plateau
has plateau.err 'It also follows the monitored metric'
run refused 2 scheduler preview linear --steps 0
run refused 2 scheduler preview linear --lr fast
run refused 3 scheduler preview lineer
has refused.err "did you mean 'linear'"
run refused 1 scheduler preview linear --svg "$tmp/none/chart.svg"
holds 'no half of a picture' ! -e "$tmp/none"

# ---- a training; it shows something ten times a second, so that it has to last longer than that on any machine ----
on_terminal bar train --agent seen --data "$tmp/rows.jsonl" --set epochs=1500 --set earlyStopping=false --set modelOptions.char_max=6
has bar 'Job job_' 'trains agent seen' 'epoch ' '/1500 [' '%  loss ' 'completed (max_epochs)' 'Next: hone ask seen'
run plain 0 train --agent seen --data "$tmp/rows.jsonl" --set epochs=2
has plain.err 'epoch 1/2  loss ' 'epoch 2/2  loss ' 'validation accuracy'
lacks plain.err '['
run quiet 0 train --agent seen --data "$tmp/rows.jsonl" --set epochs=1 -q
same 'nothing is said' "$(wc -c <"$tmp/quiet.err")" 0
run watched 0 monitor latest --follow --history --checkpoints
has watched 'completed (max_epochs)' 'VALIDATION LOSS' 'CHECKPOINT'
run agents 0 agent list
has agents AGENT seen
run agent 0 agent show seen
has agent VERSION completed
run jobs 0 job list
has jobs JOB seen completed
run deleted 0 job delete "$(sed -n 's/^\(job_[a-z0-9]*\) .*/\1/p' "$tmp/jobs" | sed -n 2p)"

# ---- a pipeline ----
cat >"$tmp/flow.conf" <<END
steps = {
    check = { do = "validate"; data = "$tmp/rows.jsonl"; };
    train = { do = "train"; needs = ["check"]; agent = "piped"; data = "$tmp/rows.jsonl"; config = { epochs = 600; earlyStopping = false; }; };
    never = { do = "gate"; needs = ["train"]; require = "train.metrics.loss < 0"; };
    unless = { do = "validate"; needs = ["train"]; data = "$tmp/rows.jsonl"; when = "train.metrics.loss < 0"; };
    after = { do = "deploy"; needs = ["never"]; agent = "piped"; job = "\${train.job_id}"; };
};
END
on_terminal steps pipeline run "$tmp/flow.conf"
has steps 'check' "$(printf '\033[36mrunning')" "$(printf '\033[32mcompleted')" "$(printf '\033[33mstopped')" "$(printf '\033[33mskipped')" 'loss '
run lines 0 pipeline run "$tmp/flow.conf"
has lines.err 'check: completed' 'train: completed' 'unchanged since run_' 'after: stopped' 'unless: skipped'
lacks lines.err "$(printf '\033')"
run listed 0 pipeline runs
has listed flow completed

# ---- tokens and quotas ----
run none 0 token list
has none.err 'There are no tokens. Make one with: hone token create'
run token 0 token create --scope train --name ci --days 90
has token 'hone_'
has token.err 'with scope train. It is not shown again'
run limited 0 token create --days 90 --json
case $(value limited expires_at) in
"$(date -u -d '+90 days' +%Y-%m-%d)"* | "$(date -u -d '+90 days -1 minute' +%Y-%m-%d)"*) pass ;;
*) fail "ninety days from now: $(value limited expires_at)" ;;
esac
run refused 2 token create --days 0
run refused 3 token create --scope everything
run tokens 0 token list
has tokens 'TOKEN ' 'ci ' 'train ' valid
run revoked 0 token revoke "$(sed -n 's/^\([A-Za-z0-9]*\)  *ci .*/\1/p' "$tmp/tokens")"
has revoked.err 'opens nothing any more'
run tokens 0 token list
has tokens revoked
run revoked 4 token revoke 0000000000
run used 0 usage
has used 'QUOTA ' jobs_per_day bytes
run hooks 0 webhook list
has hooks.err 'There are no webhooks. Add one with: hone webhook add URL'
finish
