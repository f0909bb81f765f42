#!/bin/sh
# The model transformer by size: tokens a second of training steps (float32, AdamW, two threads) beside PyTorch (Debian's python3-torch) in
# the same run, of writing one answer, greedy and drawn, and the memory of both. The table of docs/writing.md.
#   HONE_DATA=DIR BUILD=build sh tests/bench/transformer.sh [quick|full]
# quick: the sizes up to 5.3M parameters. full: 29M and 124M too, of which PyTorch needs 3 GB.
srcdir=${srcdir:-.}
. "$srcdir/tests/bench/lib.sh"
need tinyshakespeare/input.txt
python=${PYTHON:-/usr/bin/python3}
each=${SECONDS_EACH:-10}

# One token a byte, and as many more that no text has: what a vocabulary costs does not depend on what its tokens are.
byte_tokens() { # byte_tokens SIZE
    LC_ALL=C awk -v size="$1" 'function utf8(c) { return c < 128 ? sprintf("%c", c) : sprintf("%c%c", 192 + int(c / 64), 128 + c % 64) }
        BEGIN {
            printf "{\"added_tokens\": [], \"normalizer\": null, \"pre_tokenizer\": {\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"use_regex\": true}, "
            printf "\"model\": {\"type\": \"BPE\", \"merges\": [], \"vocab\": {"
            for (b = k = 0; b < 256; b++) {
                c = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174 ? b : 256 + k++
                printf "%s\"%s%s\": %d", b ? ", " : "", c == 34 || c == 92 ? "\\" : "", utf8(c), b
            }
            for (b = 256; b < size; b++)
                printf ", \"<%d>\": %d", b, b
            print "}}}"
        }'
}
# Texts of so many bytes, each a token.
cut_text() { # cut_text BYTES
    tr '\n"\\' '  /' <"$data/tinyshakespeare/input.txt" | fold -b -w "$1" | sed 's/.*/{"input": "T", "expected_output": "&"}/'
}
milliseconds() { # milliseconds COMMAND...
    from=$(date +%s%N)
    "$@" >"$tmp/out" 2>"$tmp/err" || { cat "$tmp/err" >&2; exit 1; }
    echo $((($(date +%s%N) - from) / 1000000))
}
# Tokens a second between the first and the last of an answer; the median of three.
write_speed() { # write_speed AGENT TEMPERATURE TOKENS
    for i in 1 2 3; do
        one=$(milliseconds "$build/hone" --state "$tmp/state" ask "$1" 'The king' --max-tokens 1 --temperature "$2" --seed $i -q)
        all=$(milliseconds "$build/hone" --state "$tmp/state" ask "$1" 'The king' --max-tokens "$3" --temperature "$2" --seed $i -q)
        echo $((($3 - 1) * 1000 / (all > one ? all - one : 1)))
    done | median
}
# With the kernels that Hone takes too: Debian's OpenBLAS knows no processor that is younger than itself.
kernels=$(grep -qw avx512dq /proc/cpuinfo && echo SkylakeX || { grep -qw avx2 /proc/cpuinfo && echo Haswell; })
peer() {
    "$python" -c 'import torch' 2>/dev/null && env ${kernels:+OPENBLAS_CORETYPE=$kernels} "$python" "$srcdir/tests/bench/transformer.py" "$@" "$each" || echo -
}
# size NAME LAYERS WIDTH HEADS VOCAB BATCH LENGTH TOKENS: a row of the table; TOKENS: of an answer
size() {
    byte_tokens "$5" >"$tmp/tokenizer.json"
    cut_text "$7" >"$tmp/text.jsonl"
    "$build/hone" --state "$tmp/state" train --agent "$1" --data "$tmp/text.jsonl" --set model=transformer --set modelOptions.text=running \
        --set "modelOptions.layers=$2" --set "modelOptions.width=$3" --set "modelOptions.heads=$4" --set modelOptions.context=1024 \
        --set "modelOptions.tokenizer=$tmp/tokenizer.json" --set "batchSize=$6" --set optimizer=adamw --set learningRate=0.0001 --set labelSmoothing=0 \
        --set checkpointInterval=0 --set epochs=1000 --set validationSplit=0 --set earlyStopping=false --set restoreBest=false --set threads=2 \
        --set maxDurationMs=$((each * 1000)) --set memoryMb=12000 --json -q >"$tmp/job.json" 2>"$tmp/err" || { cat "$tmp/err"; exit 1; }
    trained=$(awk -v n="$(value "$tmp/job.json" token_usage)" -v ms="$(value "$tmp/job.json" duration_ms)" 'BEGIN { printf "%.0f", n * 1000 / ms }')
    parameters=$(awk -v l="$2" -v w="$3" -v v="$5" 'BEGIN { h = int((int(w * 8 / 3) + 31) / 32) * 32; printf "%.1f", (l * (4 * w * w + 3 * w * h + 2 * w) + v * w + w) / 1e6 }')
    drawn=$(write_speed "$1" 0.8 "$8")
    greedy=$(write_speed "$1" 0 "$8")
    timed "$build/hone" --state "$tmp/state" ask "$1" 'The king' --max-tokens "$8" -q
    echo "| $parameters M | $2 layers, $3 wide, $4 heads, $5 tokens | $6 x $7 | $trained | $(peer "$2" "$3" "$4" "$5" "$6" "$7") | $(value "$tmp/job.json" memory_usage_mb) MB | $drawn | $greedy | $mb MB |"
}
echo "products of 2048 x 2048 matrices on two threads, by PyTorch's OpenBLAS: $(peer limit) GFLOP/s"
echo
echo "| parameters | shape | batch | training, tokens a second | PyTorch | memory | writing, drawn | greedy | memory |"
echo "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
size tiny 4 128 4 512 16 128 800
size small 4 256 8 8192 8 128 800
if [ "${1:-quick}" = full ]; then
    size middle 8 512 8 8192 8 128 300
    size large 12 768 12 50257 8 128 100
fi
