#!/bin/sh
# Ten times the rows: how many times the training time and memory. 200,000 rows are made from AG News by putting two texts of one
# output together.
. "$(dirname "$0")/lib.sh"
need ag_news/train.jsonl
"$build/hone" data convert "$data/ag_news/train.jsonl" "$tmp/rows.tsv" --to tsv --lossy -q
awk -F '\t' -v want=200000 'NR > 1 { n[$2]++; text[$2, n[$2]] = $1; total++ }
    END { srand(1); for (made = 0; made < want;) for (o in n) if (made < want) {
        a = int(rand() * n[o]) + 1; b = int(rand() * n[o]) + 1; print text[o, a] " " text[o, b] "\t" o; made++ } }' "$tmp/rows.tsv" >"$tmp/large.tsv"
awk 'NR % 10 == 1' "$tmp/large.tsv" >"$tmp/small.tsv"
for size in small large; do
    timed "$build/hone" --state "$tmp/state" train --agent $size --data "$tmp/$size.tsv" -q --set epochs=5 --set earlyStopping=false
    "$build/hone" --state "$tmp/state" job show latest --json >"$tmp/job"
    memory=$(value "$tmp/job" memory_usage_mb)
    echo "$size: $(wc -l <"$tmp/$size.tsv") rows, $seconds s, worker $memory MB"
    eval "${size}_s=$seconds ${size}_m=$memory"
done
awk -v a="$small_s" -v b="$large_s" -v m="$small_m" -v n="$large_m" 'BEGIN { printf "time x %.1f, memory x %.1f\n", b / a, n / m }'
