#!/bin/sh
# Memory and the disk run out in the middle: each scenario is one run of a program, repeated with its n-th allocation failing (of each place that
# allocates, and its workers'), with its n-th open, read, write, sync or rename failing (EIO), with the disk full from the n-th on (ENOSPC), with
# every read and write done by half, and with every second one interrupted. No crash, no report of a sanitizer, a status of the manual, a sentence,
# nothing half-written, a sound state, and the same command does its work afterwards: see scarce.c.
# In CI POINTS (1) n of each, spread over the run; STEP=1 every n; STEP=K every K-th; EVERY=1 all allocations instead of all places. `scarce.sh NAME...`:
# these scenarios alone, KINDS="memory error" these faults alone, FROM=N beginning with the n-th.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"
. "$srcdir/tests/faults/lib.sh"
srcdir=$(cd "$srcdir" && pwd)
make_shim
only=" $* "
kinds=${KINDS:-memory error full short interrupt}
[ -z "${EVERY:-}" ] || kinds=$(echo "$kinds" | sed 's/\bmemory\b/memory-all/')
scenarios=0 runs=0 points=${POINTS:-1}
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}exitcode=66:allocator_may_return_null=1
HONE_SET_THREADS=1 # the n-th allocation is the same one each time
export ASAN_OPTIONS HONE_SET_THREADS

# ---- what runs begin with: the folder $start, its state directory in it ----
start=$ram/start
mkdir "$start"
state=$start/state
cd "$start" || exit 99
head -n 24 "$srcdir/etc/example/support.jsonl" >rows.jsonl
head -n 8 "$srcdir/etc/example/support-test.jsonl" >test.jsonl
awk 'BEGIN { for (i = 0; i < 24; i++) printf "{\"input\":\"case %d of %d\",\"expected_output\":\"%s\",\"metadata\":{\"reward\":%d,\"propensity\":0.5}}\n", i, i * 7, i % 2 ? "yes" : "no", i % 3 == 0 }' >rewards.jsonl
printf 'order 1 0 0.5\nrefund 0 1 0.25\nhello 0.5 0.5 1\ncancel 1 1 0\n' >words.vec
cat >set.conf <<'END'
epochs = 1;
batchSize = 8;
optimizerOptions = { weight_decay = 0.01; };
END
cat >flow.conf <<'END'
parameters = { agent = "flow"; };
steps = {
    train = { do = "train"; agent = "${agent}"; data = "rows.jsonl"; config = { epochs = 1; checkpointInterval = 0; }; };
    evaluate = { do = "evaluate"; needs = ["train"]; job = "${train.job_id}"; test = "test.jsonl"; };
    good = { do = "gate"; needs = ["evaluate"]; require = "evaluate.evaluation.metric_scores.accuracy >= 0"; };
};
END
cat >search.conf <<'END'
agent = "searched"; data = "rows.jsonl"; trials = 2; batch = 2; search = "grid"; refit = false; objective = "accuracy";
space = { learningRate = [0.01, 0.02]; };
config = { epochs = 1; checkpointInterval = 0; };
END
mkdir plugins
cp "$builddir/plugins/optimizers/.libs/adamw.so" "$builddir/plugins/metrics/.libs/accuracy.so" plugins || fail 'no plugins'
must() {
    hone "$@" >"$tmp/must" 2>&1 || { fail "hone $*: $(cat "$tmp/must")"; finish; }
}
small='--set epochs=1 --set checkpointInterval=0 --set modelOptions.char_max=2'
writer='--set epochs=1 --set checkpointInterval=0 --set model=transformer --set modelOptions.layers=1 --set modelOptions.width=8 --set modelOptions.heads=2 --set modelOptions.vocab=280 --set modelOptions.context=64'
for to in csv tsv json fasttext chat alpaca; do
    must data convert rows.jsonl "rows.$to" --to $to --lossy -q
done
sed -n 's/.*"input": *"\([^"]*\)".*/\1/p' rows.jsonl >rows.text
# shellcheck disable=SC2086
{
    must train --agent one --data rows.jsonl $small -q
    must train --agent one --data rows.jsonl $small --set seed=7 -q
    must train --agent writer --data rows.jsonl $writer -q
}
for text in 'where is my order' 'cancel it' 'a refund' 'hello' 'the parcel' 'my account'; do
    must ask one "$text" --json
    interaction=$(sed -n 's/.*"interaction_id": "\([^"]*\)".*/\1/p' "$tmp/must" | head -n 1)
    must feedback "$interaction" correct
done
must evaluate latest --test test.jsonl -q
must module create --name rows --data rows.jsonl
must db backup kept.tar -q
must model export writer folder -q
must report one --output made.md -q
must webhook add https://example.com/hook
jobs=$(hone job list --agent one --json | sed -n 's/.*"job_id": "\([^"]*\)".*/\1/p' | head -n 2 | tr '\n' ' ')
# A job that was killed behind its first checkpoint.
printf 0 >"$tmp/crash"
# shellcheck disable=SC2086
HONE_CRASH_AT=checkpoint_committed:$tmp/crash hone train --agent cut --data rows.jsonl $small --set epochs=3 --set checkpointInterval=1 -q >"$tmp/must" 2>&1
[ $? -eq 137 ] || { fail "the training to be resumed ends otherwise: $(cat "$tmp/must")"; finish; }
must job list
find "$start" -name '*.part' -exec rm -f {} + # what its worker was writing when it was killed, which a resumed job removes
cd "$builddir" || exit 99

# What scarce.c says, the callers by function and line where addr2line (binutils) tells them.
with_lines() {
    while IFS= read -r line; do
        where=$(printf '%s\n' "$line" | sed -n 's/^ *at: \([^(]*hone[^(]*\)(+\(0x[0-9a-f]*\)).*/-e \1 \2/p')
        # shellcheck disable=SC2086
        [ -z "$where" ] || line="        at: $(addr2line -fps $where 2>/dev/null || printf '%s' "$line")"
        printf '%s\n' "$line"
    done
}

# scenario NAME ARGUMENT...: `hone ARGUMENT...`, each fault.
scenario() {
    name=$1
    shift
    case $only in "  " | *" $name "*) ;; *) return ;; esac
    scenarios=$((scenarios + 1))
    for kind in $kinds; do
        every=${STEP:-0}
        [ "$every" -gt 0 ] || every=-$points
        SHIM=$shim "$builddir/tests/faults/scarce" "$ram" "$start" "$kind" "$every" "$builddir/hone" --state "$ram/disk/state" "$@" >"$tmp/scarce" 2>&1
        case $? in
        0) pass ;;
        *) fail "$name, $kind: hone $*"; with_lines <"$tmp/scarce" ;;
        esac
        [ -z "${VERBOSE:-}" ] || echo "$name, $kind: $(tail -n 1 "$tmp/scarce")"
        some=$(sed -n 's/.* calls, \([0-9]*\) runs.*/\1/p' "$tmp/scarce")
        runs=$((runs + ${some:-0}))
    done
}
. "$srcdir/tests/faults/scarce_list.sh"
echo "$scenarios scenarios, $runs runs"
finish
