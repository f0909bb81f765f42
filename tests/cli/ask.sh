#!/bin/sh
# `hone ask` with one text, lines, files, alternatives and thresholds: all ways give the same answers.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"

run train 0 train --agent desk --data "$data" -q
run one 0 ask desk 'my kettle came with a crack in it' --json
has one '"agent_name": "desk"' '"version": 1' '"confidence"'
run top 0 ask desk 'my kettle came with a crack in it' --top 3 --json
same 'three alternatives' "$(sed -n '/"alternatives"/,/]/p' "$tmp/top" | grep -c '"output"')" 3
same 'the first alternative is the answer' "$(value top confidence)" "$(value one confidence)"
run sure 0 ask desk 'zzz qqq' --threshold 0.99 --json
has sure '"abstained": true'
run people 0 ask desk 'zzz qqq' --threshold 0.99
has people 'no answer'
has people.err 'recorded as intr_'
lacks people.err 'drawn with'
run id 0 ask "$(value one agent_id)" 'my kettle came with a crack in it' --json
same 'by id' "$(value id confidence)" "$(value one confidence)"

# A file, its plain lines, and standard input give the same answers in the same order, for any number of threads.
run batch 0 ask desk --batch "$fresh" --output "$tmp/answers"
same 'one answer a row' "$(wc -l <"$tmp/answers" | tr -d ' ')" "$(wc -l <"$fresh" | tr -d ' ')"
sed 's/.*"input": *"\([^"]*\)".*/\1/' "$fresh" >"$tmp/texts"
run lines 0 ask desk --batch "$tmp/texts" --format lines
hone ask desk - <"$tmp/texts" >"$tmp/spoken" 2>/dev/null
same 'lines of standard input' "$(wc -l <"$tmp/spoken" | tr -d ' ')" "$(wc -l <"$fresh" | tr -d ' ')"
HONE_SET_THREADS=4 hone ask desk --batch "$fresh" --output "$tmp/four" -q
cmp -s "$tmp/answers" "$tmp/four" && pass || fail 'four threads answer otherwise'
HONE_SET_THREADS=1 hone ask desk --batch "$tmp/texts" --format lines --output "$tmp/plain" -q
cmp -s "$tmp/answers" "$tmp/plain" && pass || fail 'plain lines are answered otherwise'
hone ask desk --batch - --format lines <"$tmp/texts" >"$tmp/piped" 2>/dev/null
cmp -s "$tmp/answers" "$tmp/piped" && pass || fail "a pipe is answered otherwise: $(head -c 300 "$tmp/piped")"
right=$(paste -d '\t' "$tmp/answers" "$fresh" | awk -F '\t' '{ split($1, a, "\"output\":\""); sub(/".*/, "", a[2]); if (a[2] != "" && index($2, "\"" a[2])) n++ } END { print n + 0 }')
holds 'the answers are right' "$right" -ge 125

# What fails leaves the old file as it was.
echo old >"$tmp/old"
printf '{"input":"a"}\n{"input":3}\n' >"$tmp/bad.jsonl"
run bad 3 ask desk --batch "$tmp/bad.jsonl" --output "$tmp/old"
same 'the old answers' "$(cat "$tmp/old")" old
holds 'no part file is left' -z "$(ls "$tmp" | grep part)"
run place 1 ask desk --batch "$fresh" --output "$tmp/no/such/answers"
has place.err 'no/such'
run both 2 ask desk hello --batch "$fresh"
run empty 3 ask desk ''
run blank 3 ask desk '  '
run long 0 ask desk "$(head -c 100000 "$data" | tr -d '\0')"

# What is no regular file is written as it is; what is read is not overwritten.
mkfifo "$tmp/fifo"
cat "$tmp/fifo" >"$tmp/through" &
run fifo 0 ask desk --batch "$fresh" --output "$tmp/fifo"
wait $!
cmp -s "$tmp/through" "$tmp/answers" && pass || fail 'a pipe got other answers'
holds 'the pipe is still one' -p "$tmp/fifo"
cp "$fresh" "$tmp/self.jsonl"
run self 3 ask desk --batch "$tmp/self.jsonl" --output "$tmp/self.jsonl"
cmp -s "$fresh" "$tmp/self.jsonl" && pass || fail 'the questions were overwritten'
ln -s "$tmp/old" "$tmp/link"
run link 0 ask desk --batch "$fresh" --output "$tmp/link"
holds 'a link stays one' -L "$tmp/link"
cmp -s "$tmp/old" "$tmp/answers" && pass || fail 'what a link leads to was not written'

# A damaged file of weights is told, not used.
weights=$(ls "$tmp"/state/jobs/*/weights.safetensors)
cp "$weights" "$tmp/whole"
size=$(wc -c <"$tmp/whole")
for at in $((size - 100)) $((size / 2)) $((size / 4 * 3)); do
    cp "$tmp/whole" "$weights"
    printf 'damage!' | dd of="$weights" bs=1 seek=$at conv=notrunc 2>/dev/null
    run damaged 1 ask desk hello
    has damaged.err 'damaged'
done
head -c 5000 "$tmp/whole" >"$weights"
run cut 1 ask desk hello
has cut.err 'weights.safetensors'
printf 'xxxxxxxxxxxxxxxx' >"$weights"
run noise 1 ask desk hello
rm "$weights"
run gone 1 ask desk hello
finish
