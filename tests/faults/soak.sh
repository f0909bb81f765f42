#!/bin/sh
# The daemon under a mixed load for MINUTES (10), CLIENTS (8) that do everything, rudely too: what it holds is looked at every two seconds. Behind
# the first half, in which caches fill, its memory does not grow, nor do its descriptors, threads and children. Run by hand; KEEP=FILE keeps the
# samples: seconds, resident KB, descriptors, threads, children.
srcdir=${srcdir:-.}
. "$srcdir/tests/api/lib.sh"
minutes=${MINUTES:-10}
# What the C library's heaps, one a thread, keep in fragments is not held by the program, and hides what is.
MALLOC_ARENA_MAX=${MALLOC_ARENA_MAX:-1}
export MALLOC_ARENA_MAX
HONE_TEST_TOKEN=$(make_token admin)
export HONE_TEST_TOKEN
serve --access-log none --jobs 2 --set http.connectionsPerAddress=500 --set http.loginFailures=0
seconds=$(awk -v m="$minutes" 'BEGIN { printf "%d", m * 60 }')
"$builddir/tests/faults/mixed" "${url##*:}" "${CLIENTS:-8}" "$seconds" "${SEED:-20261126}" >"$tmp/mixed" 2>&1 &
load=$!
begin=$(date +%s)
while kill -0 $load 2>/dev/null; do
    printf '%s %s %s %s %s\n' $(($(date +%s) - begin)) "$(awk '/VmRSS/ { print $2 }' "/proc/$daemon/status")" "$(ls "/proc/$daemon/fd" | wc -l)" \
        "$(awk '/Threads/ { print $2 }' "/proc/$daemon/status")" "$(pgrep -P "$daemon" | wc -l)"
    sleep 2
done >"$tmp/samples"
wait $load
same 'every request was answered' $? 0
holds 'most functions were done' "$(sed -n 's/ functions done.*//p' "$tmp/mixed")" -ge $(($(sed -n 's/ requests, .*//p' "$tmp/mixed") / 2))
cat "$tmp/mixed"
[ -z "$KEEP" ] || cp "$tmp/samples" "$KEEP"
# The slope of a line through the second half, and the most and least of the rest in it.
awk -v half=$((seconds / 2)) '
    $1 >= half { n++; x += $1; y += $2; xx += $1 * $1; xy += $1 * $2; if ($3 > f) f = $3; if ($4 > t) t = $4; if ($5 > c) c = $5 }
    $1 < half { if ($3 > f1) f1 = $3; if ($4 > t1) t1 = $4; if ($5 > c1) c1 = $5 }
    END { d = n * xx - x * x; printf "slope %d\nrss %d\nfiles %d %d\nthreads %d %d\nchildren %d %d\n", d ? (n * xy - x * y) / d * 3600 / 1024 : 0, y / n / 1024, f1, f, t1, t, c1, c }' \
    "$tmp/samples" >"$tmp/sums"
slope=$(sed -n 's/^slope //p' "$tmp/sums")
echo "behind the first half: $(sed -n 's/^rss //p' "$tmp/sums") MiB resident, slope $slope MiB an hour"
sed -n 's/^\(files\|threads\|children\) \(.*\) \(.*\)/at most \3 \1, \2 in the first half/p' "$tmp/sums"
# What a run leaves to chance, a few pages, is a large slope when the run is short.
holds "memory grows by $slope MiB an hour" "$slope" -le "${SLOPE:-$(awk -v m="$minutes" 'BEGIN { printf "%d", 1 + 60 / m }')}"
for what in files threads children; do
    # shellcheck disable=SC2046
    set -- $(sed -n "s/^$what //p" "$tmp/sums")
    holds "$what grow from $1 to $2" "$2" -le $(($1 + 8))
done
finish
