#!/bin/sh
# The daemon under ThreadSanitizer with 64 clients that do everything at once, for SECONDS (20): no race is reported, in the daemon or in a
# worker, and nothing is suppressed. Skipped in other builds; `etc/build.sh build-tsan --enable-thread-sanitizer` makes one. It has to be the
# same whatever the machine has to do, so that it is the sanitizer's word that counts, not the time.
srcdir=${srcdir:-.}
. "$srcdir/tests/api/lib.sh"
nm "$builddir/hone" 2>/dev/null | grep -q __tsan_init || { echo 'skipped: this build has no ThreadSanitizer'; exit 77; }
unset TSAN_OPTIONS
TSAN_OPTIONS="log_path=$tmp/race suppressions='' second_deadlock_stack=1 history_size=4"
export TSAN_OPTIONS
HONE_TEST_TOKEN=$(make_token admin)
export HONE_TEST_TOKEN
serve --access-log "$tmp/access.log" --jobs 4 --set http.connectionsPerAddress=500 --set http.loginFailures=0
"$builddir/tests/faults/mixed" "${url##*:}" "${CLIENTS:-64}" "${SECONDS_EACH:-20}" "${SEED:-20261126}" >"$tmp/mixed" 2>&1
same 'every request was answered' $? 0
holds 'many functions were done' "$(sed -n 's/ functions done.*//p' "$tmp/mixed")" -ge 500
cat "$tmp/mixed"
stop_daemon
same 'the daemon ends well' $stop_status 0
for f in "$tmp"/race.*; do
    [ -e "$f" ] || continue
    fail "reported by ThreadSanitizer: $(head -n 60 "$f")"
done
pass
finish
