#!/bin/sh
# Bad plugins as jobs of one daemon: each job ends as it has to, with the true cause, and the daemon lives on as it was: the same process, no
# child and no descriptor more, and what a sound job trains has the same bits as before. Then MUTANTS (1000) damaged copies of shipped plugins
# are looked at by the same daemon, SEED (20261126).
srcdir=${srcdir:-.}
. "$srcdir/tests/api/lib.sh"
tab=$(printf '\t')
sh "$srcdir/tests/abi/bad/build.sh" "$tmp/bad" || exit 99
mkdir "$tmp/damaged"
# Under sanitizers memory cannot be limited, crashes have another name and everything takes longer; what is left is that the daemon lives.
sanitized=no limit='--job-memory 300'
cut -f 1 "$srcdir/tests/abi/bad/expected_jobs" >"$tmp/names"
if nm "$builddir/hone-worker" 2>/dev/null | grep -q __asan_init; then
    sanitized=yes limit= MUTANTS=${MUTANTS:-200}
    sed -i /update_memory/d "$tmp/names"
fi
head -n 200 "$data" >"$tmp/rows.jsonl"
base="--data $tmp/rows.jsonl --set epochs=2 --set checkpointInterval=1 --set threads=1"
# shellcheck disable=SC2086
run plain 0 train --agent plain $base --json
want=$(value plain weights_sha256)

export HONE_PLUGIN_PATH="$tmp/damaged:$HONE_PLUGIN_PATH"
# shellcheck disable=SC2086
serve --jobs 6 --retry-ms 1 --job-silence 3 $limit --drain-ms 1000 --access-log none
same 'what workers give up is said once' "$(grep -c 'workers give up' "$tmp/serve.log")" 1
descriptors() { ls "/proc/$daemon/fd" | wc -l; }
before=$(descriptors) first=$daemon

# All of them, six at a time; what came of each is in $tmp/NAME.job.
xargs -P 6 -I NAME sh -c '
    key=optimizer
    case NAME in paradigm_*) key=trainingType ;; scheduler_*) key=schedulerType ;; esac
    "$0" --state "$1" train --agent NAME $2 --set $key="$3/bad/NAME.so" --json >"$3/NAME.job" 2>"$3/NAME.err" </dev/null' \
    "$builddir/hone" "$state" "$base" "$tmp" <"$tmp/names"
while IFS="$tab" read -r name status text; do
    [ $sanitized = no ] || continue
    hone job list --agent "$name" --json >"$tmp/$name.list"
    has "$name.list" "\"status\": \"$status\""
    [ -z "$text" ] || has "$name.job" "$text"
done <"$srcdir/tests/abi/bad/expected_jobs"
pass
echo "$(wc -l <"$tmp/names") jobs with bad plugins"

# ---- damaged copies ----
"$builddir/tests/faults/mutants" "$tmp/damaged" "${MUTANTS:-1000}" "${SEED:-20261126}" "$builddir"/plugins/optimizers/.libs/adam.so \
    "$builddir"/plugins/schedulers/.libs/step.so "$builddir"/plugins/paradigms/.libs/*.so "$builddir"/plugins/metrics/.libs/*.so || exit 99
start=$(date +%s)
run listed 0 plugin list --json
grep -o '"file": "mutant[^"]*"' "$tmp/listed" | sort -u | wc -l >"$tmp/count"
same 'each is listed' "$(cat "$tmp/count")" "${MUTANTS:-1000}"
broken=$(grep -c '"error": ".*mutant' "$tmp/listed")
crashed=$(grep -c 'it crashed\|it ended the process' "$tmp/listed")
holds 'many of them are broken' "$broken" -ge $((${MUTANTS:-1000} / 4))
holds 'some of them would have ended their process' "$crashed" -ge 1
echo "${MUTANTS:-1000} damaged plugins looked at in $(($(date +%s) - start)) s: $broken refused, $crashed of them after they ended their process"

# ---- the daemon is as it was ----
rm -rf "$tmp/damaged"
same 'the daemon is the same process' "$(kill -0 "$daemon" && echo "$daemon")" "$first"
sleep 1
holds "no descriptor more than before: $(descriptors) of $before" "$(descriptors)" -le $((before + 2))
same 'no process is left' "$(pgrep -P "$daemon" | wc -l)" 0
# shellcheck disable=SC2086
run sound 0 train --agent sound $base --json
same 'a sound job trains the same weights' "$(value sound weights_sha256)" "$want"
finish
