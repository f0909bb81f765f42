#!/bin/sh
# Runs the blocks of docs/nightly.md as they stand there, in an empty home directory, and looks at what they left.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"
EXAMPLE=$(cd "$srcdir/etc/example" && pwd)
PATH=$(cd "$builddir" && pwd):$PATH
export EXAMPLE PATH
unset HONE_STATE
guide=$(cd "$srcdir/docs" && pwd)/nightly.md
awk '/^```sh$/ { n++; on = 1; next } /^```$/ { on = 0 } on { print > sprintf("'"$tmp"'/block%02d", n) }' "$guide"
holds 'the guide has blocks' "$(ls "$tmp"/block* | wc -l)" -ge 7

cd "$HOME" || exit 99
for block in "$tmp"/block*; do
    sh -eu "$block" >"$block.out" 2>"$block.err" </dev/null && pass || fail "$(basename "$block"): $(cat "$block") $(tail -n 5 "$block.err")"
done
holds 'a picture' -s hone/nightly.svg
holds 'reports' -s hone/reports/first.html -a -s hone/reports/nightly.html
"$builddir/hone" pipeline runs --json >"$tmp/runs"
same 'four nights' "$(grep -c '"status": "completed"' "$tmp/runs")" 4
"$builddir/hone" job list --json >"$tmp/jobs"
same 'two trainings' "$(grep -c '"job_id"' "$tmp/jobs")" 2
grep -h 'deploy: [cs]' "$tmp"/block*.err | sed 's/  .*//' | tr '\n' ' ' >"$tmp/deployed"
has deployed 'deploy: completed deploy: completed deploy: stopped deploy: stopped'

# What the timer runs is the command of the guide.
command=$(sed -n 's/^ExecStart=//p' .config/systemd/user/hone-nightly.service)
sh -c "$command" >"$tmp/unit" 2>"$tmp/unit.err" </dev/null && pass || fail "the unit's command: $(tail -n 3 "$tmp/unit.err")"
if command -v systemd-analyze >/dev/null; then
    sed "s#=hone #=$builddir/hone #" .config/systemd/user/hone-nightly.service >"$tmp/hone-nightly.service"
    cp .config/systemd/user/hone-nightly.timer "$tmp/"
    systemd-analyze verify "$tmp/hone-nightly.service" "$tmp/hone-nightly.timer" >"$tmp/verify" 2>&1
    lacks verify hone-nightly.service:
    lacks verify hone-nightly.timer:
fi
finish
