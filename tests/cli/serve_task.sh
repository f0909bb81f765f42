#!/bin/sh
# The worker's task "serve": batch after batch, the same answers as `hone ask --batch`, whole or in pieces, until it is told to end.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"

# serve NAME STATUS FRAME...: the task with those frames ends with that status; its frames are in $tmp/NAME.
serve() {
    serve_name=$1 serve_status=$2
    shift 2
    "$builddir/tests/abi/drive" "$builddir/hone-worker" "{\"task\":\"serve\",\"plugin_dirs\":[],\"threads\":1,\"weights\":\"$weights\"}" 60 "$@" \
        >"$tmp/$serve_name" 2>"$tmp/$serve_name.err"
    same "$serve_name ends" $? "$serve_status"
}
# answers NAME: one answer a line, as JSON.
answers() {
    sed -n 's/.*"answers":\[\(.*\)\].*/\1/p' "$tmp/$1" | sed 's/]},{"output/]}\n{"output/g'
}

run train 0 train --agent desk --data "$data" -q
weights=$(ls "$tmp"/state/jobs/*/weights.safetensors)
run batch 0 ask desk --batch "$fresh" --output "$tmp/expected"
sed 's/.*"input": *\("[^"]*"\).*/{"text":\1}/' "$fresh" >"$tmp/questions"
all=$(paste -s -d , "$tmp/questions")
first=$(head -n 7 "$tmp/questions" | paste -s -d ,)
rest=$(tail -n +8 "$tmp/questions" | paste -s -d ,)
serve whole 0 "{\"type\":\"ask\",\"questions\":[$all]}" '{"type":"stop"}'
has whole '"type":"ready"' '"memory_bytes":' '"abstained":false,"alternatives":[]' '"type":"result"'
# Numbers are parsed and printed between worker and reader, so they are compared as numbers.
plain() {
    sed -e 's/^{"output":null,"confidence":\([0-9.]*\).*/\1 null/' -e 's/^{"output":"\([^"]*\)","confidence":\([0-9.]*\).*/\2 \1/' | awk '{ $1 = sprintf("%.6f", $1); print }'
}
answers whole | plain >"$tmp/got"
plain <"$tmp/expected" >"$tmp/want"
cmp -s "$tmp/got" "$tmp/want" && pass || fail "other answers than ask --batch: $(diff "$tmp/got" "$tmp/want" | head -n 5)"
serve pieces 0 "{\"type\":\"ask\",\"questions\":[$first]}" '{"type":"ask","questions":[]}' "{\"type\":\"ask\",\"questions\":[$rest]}" '{"type":"stop"}'
same 'a frame of answers for each' "$(grep -c '"type":"answers"' "$tmp/pieces")" 3
answers pieces | plain | sed '/^0.000000 *$/d' >"$tmp/got"
cmp -s "$tmp/got" "$tmp/want" && pass || fail "pieces are answered otherwise: $(diff "$tmp/got" "$tmp/want" | head -n 5)"

# Each question has its own wishes.
serve wishes 0 '{"type":"ask","questions":[{"text":"zzz qqq","threshold":0.99},{"text":"my kettle came with a crack in it","top":3},{"text":"my kettle came with a crack in it"}]}' '{"type":"stop"}'
answers wishes >"$tmp/lines"
same 'an answer a question' "$(wc -l <"$tmp/lines" | tr -d ' ')" 3
has lines '{"output":null,' '"abstained":true,"alternatives":[]'
same 'three alternatives' "$(sed -n 2p "$tmp/lines" | grep -o '"confidence"' | wc -l | tr -d ' ')" 4
same 'the same confidence' "$(sed -n 2p "$tmp/lines" | plain | cut -d ' ' -f 1)" "$(sed -n 3p "$tmp/lines" | plain | cut -d ' ' -f 1)"

# What is no question, and weights that are none.
serve wrong 1 '{"type":"ask","questions":[{"text":"a","top":1001}]}'
has wrong 'question 1 of a frame: expected text'
printf damage | dd of="$weights" bs=1 seek=200000 conv=notrunc 2>/dev/null
serve damaged 1 '{"type":"stop"}'
has damaged '"stage":"weights"' 'damaged'
finish
