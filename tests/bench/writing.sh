#!/bin/sh
# How well the model transformer writes: Tiny Shakespeare by the preset generative-small (nanoGPT's figure for three minutes of a CPU is 1.88
# nats a character), and Alpaca Libre beside an interpolated Kneser-Ney model over the same tokens, with ten sampled answers as they came.
#   HONE_DATA=DIR BUILD=build sh tests/bench/writing.sh
srcdir=${srcdir:-.}
. "$srcdir/tests/bench/lib.sh"
need tinyshakespeare/train.jsonl tinyshakespeare/val.jsonl alpaca_libre/train.jsonl alpaca_libre/test.jsonl
python=${PYTHON:-python3}
learn() { # learn AGENT FOLDER VALIDATION ARGUMENT...: prints nats a character and seconds
    agent=$1 folder=$2 validation=$3
    shift 3
    timed "$build/hone" --state "$tmp/state" train --agent "$agent" --data "$data/$folder/train.jsonl" --validation "$data/$folder/$validation.jsonl" --json -q "$@"
    best=$("$build/hone" --state "$tmp/state" monitor latest --history --json | sed -n 's/.*"nats_per_character": \([0-9.]*\).*/\1/p' | sort -n | head -n 1)
    echo "$agent: $best nats a character after $seconds s, $mb MB"
}
learn shakespeare tinyshakespeare val --preset generative-small
learn alpaca alpaca_libre test --preset generative
"$build/hone" --state "$tmp/state" model export alpaca "$tmp/alpaca" -q >/dev/null
echo "Kneser-Ney over the same tokens: $("$python" "$srcdir/tests/bench/kneser_ney.py" "$tmp/alpaca/tokenizer.json" "$data/alpaca_libre/train.jsonl" "$data/alpaca_libre/test.jsonl") nats a character"
head -n 10 "$data/alpaca_libre/test.jsonl" >"$tmp/questions.jsonl"
"$build/hone" --state "$tmp/state" ask alpaca --batch "$tmp/questions.jsonl" --temperature 0.7 --top-p 0.9 --max-tokens 120 --seed 1 --output "$tmp/answers.jsonl" -q
cat "$tmp/answers.jsonl"
