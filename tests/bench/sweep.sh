#!/bin/sh
# `hone sweep` against fastText's autotuning on BANKING77, each with the same seconds (60, or SECONDS_EACH) one after the other: accuracy on the test
# rows, which neither sees. Both search with four fifths of the training rows and validate on the rest. Hone's winner is then trained on all of them
# (refit), which fastText does not do by itself.
. "$(dirname "$0")/lib.sh"
need banking77/train.jsonl banking77/test.jsonl
command -v fasttext >/dev/null || { echo "skipped: no fasttext (apt-get install fasttext)"; exit 77; }
each=${SECONDS_EACH:-60}
train=$data/banking77/train.jsonl test=$data/banking77/test.jsonl
"$build/hone" data split "$train" "$tmp/four.jsonl" "$tmp/one.jsonl" --share 0.2 -q
for f in four one; do
    "$build/hone" data convert "$tmp/$f.jsonl" "$tmp/$f.txt" --to fasttext --lossy -q
done
"$build/hone" data convert "$test" "$tmp/test.txt" --to fasttext --lossy -q
cat >"$tmp/sweep.conf" <<END
agent = "banking"; data = "$train"; test = "$test"; trials = 10000; seconds = $each; batch = 2; startup = 6;
space = {
    learningRate = { min = 0.0005; max = 0.01; scale = "log"; };
    labelSmoothing = { min = 0.0; max = 0.2; };
    modelOptions = { scale = { min = 4; max = 16; scale = "log"; }; };
};
start = ( { learningRate = 0.001; } );
asha = { min_epochs = 3; reduction = 3; };
END
timed "$build/hone" --state "$tmp/state" sweep "$tmp/sweep.conf" --json -q
cp "$tmp/out" "$tmp/found"
echo "hone sweep: $seconds s in all, $(value "$tmp/found" trials) configurations in $(value "$tmp/found" trainings) trainings"
echo "  refitted on all rows: test accuracy $(sed -n '/"test": {/,$p' "$tmp/found" | sed -n 's/.*"accuracy": *\([0-9.]*\).*/\1/p' | head -n 1)," \
    "95 % interval $(value "$tmp/found" low) to $(value "$tmp/found" high)"
trial=$(sed -n '/"winner": {/,/"objective"/p' "$tmp/found" | sed -n 's/.*"job_id": *"\(.*\)".*/\1/p' | head -n 1)
echo "  winner $(sed -n '/"winner": {/,/"objective"/p' "$tmp/found" | tr -d ' \n' | cut -c 1-400) ($trial)"
timed fasttext supervised -input "$tmp/four.txt" -output "$tmp/model" -autotune-validation "$tmp/one.txt" -autotune-duration "$each" -thread 2
echo "fasttext -autotune-duration $each: $seconds s in all, test $(fasttext test "$tmp/model.bin" "$tmp/test.txt" | grep 'P@1')"
