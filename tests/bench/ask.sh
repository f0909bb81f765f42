#!/bin/sh
# Answers a second of `hone ask --batch` with one thread, on AG News's test inputs twenty times over.
. "$(dirname "$0")/lib.sh"
need ag_news/train.jsonl ag_news/test.jsonl
"$build/hone" --state "$tmp/state" train --agent a --data "$data/ag_news/train.jsonl" -q >/dev/null
for i in $(seq 20); do cat "$data/ag_news/test.jsonl"; done >"$tmp/inputs.jsonl"
: >"$tmp/rates"
for i in $(seq "${ROUNDS:-5}"); do
    HONE_SET_THREADS=1 "$build/hone" --state "$tmp/state" ask a --batch "$tmp/inputs.jsonl" --output "$tmp/answers" 2>"$tmp/err"
    awk '/answers in/ { printf "%.0f\n", $1 / $4 }' "$tmp/err" >>"$tmp/rates"
done
echo "one thread: $(median <"$tmp/rates") answers a second (median of ${ROUNDS:-5})"
timed env HONE_SET_THREADS=1 "$build/hone" --state "$tmp/state" ask a --batch "$tmp/inputs.jsonl" --output "$tmp/answers"
n=$(wc -l <"$tmp/inputs.jsonl")
awk -v n="$n" -v s="$seconds" 'BEGIN { printf "the whole command: %d inputs in %.2f s, %.0f a second\n", n, s, n / s }'
