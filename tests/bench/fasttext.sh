#!/bin/sh
# The whole command `hone train` on CLINC150 against Debian's fasttext in the same run: ratios of wall time, memory, accuracy.
. "$(dirname "$0")/lib.sh"
need clinc150/train.jsonl clinc150/test.jsonl
command -v fasttext >/dev/null || { echo "skipped: no fasttext (apt-get install fasttext)"; exit 77; }
rounds=${ROUNDS:-3}
train=$data/clinc150/train.jsonl test=$data/clinc150/test.jsonl
"$build/hone" data convert "$train" "$tmp/train.txt" --to fasttext --lossy -q
"$build/hone" data convert "$test" "$tmp/test.txt" --to fasttext --lossy -q
: >"$tmp/hone" && : >"$tmp/peer"
for i in $(seq "$rounds"); do
    timed "$build/hone" --state "$tmp/state" train --agent a --data "$train" -q
    echo "$seconds" >>"$tmp/hone"
    timed fasttext supervised -input "$tmp/train.txt" -output "$tmp/model" -wordNgrams 2 -minn 3 -maxn 5 -lr 1.0 -epoch 25 -dim 100 \
        -bucket 2000000 -thread 2
    echo "$seconds" >>"$tmp/peer"
    peer_mb=$mb
done
"$build/hone" --state "$tmp/state" job show latest --json >"$tmp/job"
"$build/hone" --state "$tmp/state" evaluate latest --test "$test" --criteria accuracy --json -q >"$tmp/evaluation"
h=$(median <"$tmp/hone") p=$(median <"$tmp/peer")
echo "hone: median $h s of $rounds, worker $(value "$tmp/job" memory_usage_mb) MB, accuracy $(value "$tmp/evaluation" accuracy)"
echo "fasttext: median $p s, $peer_mb MB, $(fasttext test "$tmp/model.bin" "$tmp/test.txt" | grep 'P@1')"
awk -v h="$h" -v p="$p" 'BEGIN { printf "ratio of wall times: %.3f\n", h / p }'
