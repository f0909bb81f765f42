#!/bin/sh
# tests/one.sh TOP NAME TEST [ARGUMENT...]: runs one test of the build in the working folder, its output in tests/logs-NAME, and prints one line, or all
# of its output when it fails. Writes "PASSED FAILED" to tests/logs-NAME/TEST.count; nothing when it was skipped. LIMIT (environment): the seconds that
# it may take. Called by tests/run.sh and tests/coverage.sh.
top=$1 name=$2 t=$3
shift 3
log=tests/logs-$name/$(echo "$t" | tr / -)
case $t in
*.sh) set -- sh "$top/$t" "$@" ;;
*) set -- "./$t" "$@" ;;
esac
begin=$(date +%s)
srcdir=$top abs_top_builddir=$PWD HONE_PLUGIN_PATH=$PWD/plugins timeout -k 10 "${LIMIT:-1800}" "$@" >"$log.log" 2>&1 </dev/null
status=$?
[ $status -ne 77 ] || { echo "skip $t: $(tail -n 1 "$log.log")"; exit 0; }
line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log.log" | tail -n 1)
good=${line%% *} bad=$(echo "$line" | sed 's/.*, \([0-9]*\) failed/\1/')
if [ -z "$line" ]; then # a script without counts is one test
    [ $status -eq 0 ] && good=1 bad=0 || { good=0; bad=1; }
fi
[ $status -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
echo "$good $bad" >"$log.count"
if [ "$bad" -gt 0 ]; then # at once, since others write beside it
    printf '%s\nFAIL %s (%s): %s passed, %s failed, exit status %s\n' "$(sed 's/^/    /' "$log.log")" "$t" "$name" "$good" "$bad" $status
else
    echo "ok   $t ($name): $good passed in $(($(date +%s) - begin)) s"
fi
