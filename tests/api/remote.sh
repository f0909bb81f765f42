#!/bin/sh
# The command line against a daemon at an address, with a token from a file: the same commands, without access to its state directory.
srcdir=${srcdir:-.}
. "$srcdir/tests/api/lib.sh"
serve
make_token train >"$tmp/token.file"
chmod 600 "$tmp/token.file"
far="--server $url --token-file $tmp/token.file"

# away NAME STATUS ARGUMENT...: as run(), at the address and with a state directory that is empty.
away() {
    state=$tmp/elsewhere
    # shellcheck disable=SC2086
    run "$@" $far
    state=$tmp/state
}

away train 0 train --agent desk --data "$data" --set epochs=3 --json
has train '"status": "completed"'
job=$(value train job_id)
away again 0 train --agent desk --data "$data" --set epochs=2 --json
away monitor 0 monitor "$job" --json
has monitor '"completed"'
away evaluate 0 evaluate "$job" --test "$fresh" --json
has evaluate '"overall_score"'
away held_out 0 evaluate "$job" --criteria accuracy,f1_score --json
away benchmark 0 evaluate latest --test "$fresh" --benchmark "$job" --json
has benchmark '"accuracy_improvement"'
away compare 0 compare "$job" latest --test "$fresh" --json
has compare '"statistical_analysis"'
away ask 0 ask desk 'where is my parcel?' --json
has ask '"interaction_id"'
away jobs 0 job list --json
has jobs "$job"
away job 0 job show "$job" --json
away agents 0 agent list --json
has agents '"desk"'
away agent 0 agent show desk --json
away plugins 0 plugin list --json
has plugins '"adam"'
away report 0 report "$job" --format markdown
has report '#'
away report 0 report "$job" --format html --output "$tmp/far.html"
away verified 0 report --verify "$tmp/far.html"
has verified 'verified           yes'
away mistyped 3 train --agent desk --data "$data" --set optimizer=adamm
has mistyped.err "did you mean 'adam'"
away none 4 job show job_00000000
run nameless 6 job list --server "$url"
has nameless.err "$url wants a token" '--token-file'
echo 'hone_0123456789_nobody' >"$tmp/token.file"
away refused 6 job list
holds 'nothing was made here' ! -e "$tmp/elsewhere/hone.db"
finish
