#!/bin/sh
# Tokens a second of the model transformer: training steps beside PyTorch (Debian's python3-torch) in the same run, and writing.
#   HONE_DATA=DIR BUILD=build sh tests/bench/transformer.sh [quick|full]
# quick: 4 layers, width 256, 8 heads, 8,192 tokens, batches of 8 x 128. full: 124M parameters too (12 layers, width 768, 50,257 tokens).
srcdir=${srcdir:-.}
. "$srcdir/tests/bench/lib.sh"
need tinyshakespeare/input.txt
python=${PYTHON:-/usr/bin/python3}
seconds=${SECONDS_EACH:-10}
# Parts of the text: with `text` = running a part of about 1,024 tokens is 8 texts of 128.
cut_text() { # cut_text BYTES
    tr '\n"\\' '  /' <"$data/tinyshakespeare/input.txt" | fold -b -w "$1" | sed 's/.*/{"input": "T", "expected_output": "&"}/'
}
train() { # train NAME OPTIONS: prints tokens a second of the training alone
    "$build/hone" --state "$tmp/state" train --agent "$1" --data "$tmp/text.jsonl" --set model=transformer --set modelOptions.text=running \
        --set optimizer=adamw --set learningRate=0.0001 --set labelSmoothing=0 --set checkpointInterval=0 --set epochs=1000 --set validationSplit=0 \
        --set earlyStopping=false --set restoreBest=false --set batchSize=1 --set threads=2 --set maxDurationMs=$((seconds * 1000)) --set memoryMb=8000 \
        $2 --json -q >"$tmp/$1.json" 2>"$tmp/err" || { cat "$tmp/err"; exit 1; }
    "$build/hone" --state "$tmp/state" monitor "$(value "$tmp/$1.json" job_id)" --json >"$tmp/monitor"
    awk -v n="$(value "$tmp/monitor" token_usage)" -v s="$seconds" 'BEGIN { printf "%.0f\n", n / s }'
}
peer() {
    "$python" -c 'import torch' 2>/dev/null && "$python" "$srcdir/tests/bench/transformer.py" "$@" "$seconds" || echo -
}
cut_text 3300 >"$tmp/text.jsonl"
shape='--set modelOptions.layers=4 --set modelOptions.width=256 --set modelOptions.heads=8 --set modelOptions.context=128 --set modelOptions.vocab=8192'
echo "tokens a second, two threads, float32, AdamW"
echo "| model | hone | PyTorch |"
echo "| --- | --- | --- |"
echo "| 4 layers, 256 wide, 8 heads, 8,192 tokens, 8 x 128 | $(train small "$shape") | $(peer 4 256 8 8192 8 128) |"
for temperature in 0 0.8; do
    /usr/bin/time -f %e -o "$tmp/none" "$build/hone" --state "$tmp/state" ask small 'T' --max-tokens 1 --temperature $temperature -q >"$tmp/out"
    /usr/bin/time -f %e -o "$tmp/all" "$build/hone" --state "$tmp/state" ask small 'T' --max-tokens 120 --temperature $temperature --json -q >"$tmp/out"
    awk -v a="$(cat "$tmp/none")" -v b="$(cat "$tmp/all")" -v t=$temperature 'BEGIN { printf "writing, temperature %s: %.0f tokens a second\n", t, 119 / (b - a > 0.001 ? b - a : 0.001) }'
done
if [ "${1:-quick}" = full ]; then
    "$python" - >"$tmp/tokenizer.json" <<'END'
import json
n = lambda b: chr(b) if 33 <= b <= 126 or 161 <= b <= 172 or 174 <= b <= 255 else None
names, k = [], 256
for b in range(256):
    c = n(b)
    if c is None:
        c, k = chr(k), k + 1
    names.append(c)
vocab = {c: i for i, c in enumerate(names)}
vocab.update({f"<{i}>": i for i in range(256, 50257)})
print(json.dumps({"added_tokens": [], "normalizer": None, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True},
                  "model": {"type": "BPE", "vocab": vocab, "merges": []}}))
END
    cut_text 510 >"$tmp/text.jsonl"
    shape="--set modelOptions.layers=12 --set modelOptions.width=768 --set modelOptions.heads=12 --set modelOptions.context=512 --set modelOptions.tokenizer=$tmp/tokenizer.json"
    echo "| 124M parameters, 1 x 512 | $(train large "$shape") | $(peer 12 768 12 50257 1 512) |"
fi
