#!/bin/sh
# `hone data`: every format there and back, all faults with their places, divisions without leaks; and training from each format.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"

cat >"$tmp/rows.jsonl" <<'END'
{"input":"hello there","expected_output":"Hi!"}
{"input":"good morning","expected_output":"Hi!"}
{"input":"comma, \"quote\" and\ttab","expected_output":"Odd, isn't it?"}
{"input":"zwei Zeilen\nund mehr","expected_output":"Odd, isn't it?"}
{"input":"ünïcödé 日本","expected_output":"Ja"}
END
sed 's/":/": /g; s/,"e/, "e/g' "$tmp/rows.jsonl" >"$tmp/spaced" && mv "$tmp/spaced" "$tmp/rows.jsonl"
run tsv 3 data convert "$tmp/rows.jsonl" "$tmp/rows.tsv" --to tsv
has tsv.err 'line 3' 'lossy'
for format in json csv chat alpaca; do
    run there 0 data convert "$tmp/rows.jsonl" "$tmp/rows.$format" --to $format
    run back 0 data convert "$tmp/rows.$format" "$tmp/back.jsonl" --format $format --to jsonl
    cmp -s "$tmp/rows.jsonl" "$tmp/back.jsonl" && pass || fail "$format: there and back: $(diff "$tmp/rows.jsonl" "$tmp/back.jsonl" | head -n 4)"
done
run there 3 data convert "$tmp/rows.jsonl" "$tmp/rows.ft" --to fasttext
holds 'a refused conversion leaves nothing' ! -e "$tmp/rows.ft"
run there 0 data convert "$tmp/rows.jsonl" "$tmp/rows.ft" --to fasttext --lossy
has rows.ft '__label__Hi! hello there'
run there 0 data convert "$tmp/rows.jsonl" - --to csv
has there 'hello there'
run rich 3 data convert "$data" "$tmp/rich.csv.alpaca" --to alpaca
has rich.err lossy

# All faults at once, each with its place.
printf '%s\n' '{"input":"a","expected_output":"b"}' '{"input":"a","expected_output":"c"}' '{"input":"A","expected_output":"b"}' \
    '{"input":"a"}' '{"input":1,"expected_output":"b"}' '{"input":"a","expected_output":"b","feedback":"fine"}' 'nonsense' \
    '{"input":"a","expected_output":"b","wieght":2}' >"$tmp/bad.jsonl"
run bad 3 data check "$tmp/bad.jsonl"
has bad 'bad.jsonl:4:' 'bad.jsonl:5:' 'bad.jsonl:6:' 'bad.jsonl:7:' '4 errors' 'different outputs'
run json 3 data check "$tmp/bad.jsonl" --json
has json '"errors": 4' '"conflicts"' '"line": 7'
run good 0 data check "$data"
has good '1270 rows' '50 outputs' '0 errors'
head -n 3 "$data" >"$tmp/three.jsonl"
run shared 0 data check "$tmp/three.jsonl" --validation "$data"
has shared 'Rows in both files'
run missing 4 data check "$tmp/nothing.jsonl"

# CSV as others write it: an empty last field, text behind a quote, quotes and line breaks inside of fields.
printf 'input,expected_output,feedback\r\nhi,hello,\r\n"a ""b""\nc",d,partial\r\nbye now,bye,' >"$tmp/odd.csv"
run odd 0 data convert "$tmp/odd.csv" - --to jsonl
has odd '"a \"b\"\nc"' '"feedback": "partial"' '"bye now"'
printf 'input,expected_output\n"He said" hello,greet\nx,y\n' >"$tmp/stray.csv"
run stray 3 data check "$tmp/stray.csv"
has stray 'stray.csv:2:' 'closing quote'
# A header whose names are not known: refused where one of them is, told where neither is; what may be an example is one.
printf 'text,team\nwhere is it,mail\nwhere was it,mail\nI want to pay,bills\n' >"$tmp/half.csv"
run half 3 train --agent half --data "$tmp/half.csv"
has half.err 'half.csv:1: "text" names a column, but "team"' 'expected_output'
printf 'team\tquery\nmail\twhere is it\nbills\tI want to pay\n' >"$tmp/turned.tsv"
run turned 3 data check "$tmp/turned.tsv"
has turned 'turned.tsv:1:' '"query" names a column'
printf 'note,team\nwhere is it,mail\nwhere was it,mail\nI want to pay,bills\nI have to pay,bills\n' >"$tmp/names.csv"
run names 0 data check "$tmp/names.csv"
has names 'names.csv:1:' '"note" and "team"' '1 warning'
lacks names '1 warnings'
run strict 3 data check "$tmp/names.csv" --strict
run told 0 train --agent told --data "$tmp/names.csv" --set epochs=1
has told.err 'line 1 of the examples: "note" and "team"'
printf 'hello,mail\nwhere was it,mail\nI want to pay,bills\n' >"$tmp/rows.csv"
printf 'cat,Katze\ndog,Hund\nfish,Fisch\n' >"$tmp/words.csv"
for file in rows words; do
    run plain 0 data check "$tmp/$file.csv"
    has plain '3 rows' '0 errors, 0 warnings'
done
# What a format cannot hold is said, not changed.
printf '%s\n' '{"input":"a","expected_output":"x\ty"}' >"$tmp/tab.jsonl"
run tab 3 data convert "$tmp/tab.jsonl" "$tmp/tab.tsv"
run tab 3 data convert "$tmp/tab.jsonl" "$tmp/tab.ft" --to fasttext
printf '[{"input":"a","expected_output":"b","metadata":{\n  "k": [\n 1 ]}},{"input":"c","expected_output":"d"}]' >"$tmp/pretty.json"
run pretty 0 data convert "$tmp/pretty.json" "$tmp/pretty.jsonl"
run pretty 0 data check "$tmp/pretty.jsonl"
has pretty '2 rows' '0 errors'
printf '[{"input":"a","expected_output":"b"},{"input":"c","expected_output":"d"}] x' >"$tmp/tail.json"
run tail 3 data check "$tmp/tail.json"
# Nothing is overwritten by itself.
cp "$tmp/pretty.jsonl" "$tmp/self.jsonl"
run self 3 data convert "$tmp/self.jsonl" "$tmp/self.jsonl" --to csv
run self 3 data split "$tmp/self.jsonl" "$tmp/self.jsonl" "$tmp/other.jsonl"
run self 3 data split "$tmp/self.jsonl" "$tmp/other.jsonl" "$tmp/other.jsonl"
cmp -s "$tmp/pretty.jsonl" "$tmp/self.jsonl" && pass || fail 'the data was overwritten'
# What training would refuse, the check finds; what misleads fails with --strict.
for rows in '{"input":"a","expected_output":"b"}' '{"input":"a","expected_output":"b"}|{"input":"c","expected_output":"b"}' \
    '{"input":"a","expected_output":"b","weight":0}|{"input":"c","expected_output":"d","weight":0}'; do
    echo "$rows" | tr '|' '\n' >"$tmp/useless.jsonl"
    run useless 3 data check "$tmp/useless.jsonl"
    run useless 3 train --agent useless --data "$tmp/useless.jsonl"
done
printf '%s\n' '{"input":"a","expected_output":"b"}' '{"input":"a","expected_output":"b"}' '{"input":"c","expected_output":"d"}' >"$tmp/twice.jsonl"
run twice 0 data check "$tmp/twice.jsonl"
run twice 3 data check "$tmp/twice.jsonl" --strict
# A wrong answer of an input does not hide that its right ones differ.
printf '%s\n' '{"input":"a","expected_output":"x","feedback":"incorrect"}' '{"input":"a","expected_output":"y"}' \
    '{"input":"A","expected_output":"z"}' >"$tmp/differ.jsonl"
run differ 0 data check "$tmp/differ.jsonl"
has differ 'different outputs: 3'
lacks differ 'Exact duplicates'

# A division: every row on one side, stratified, seeded.
run split 0 data split "$data" "$tmp/train.jsonl" "$tmp/valid.jsonl" --share 0.2
same 'every row is somewhere' "$(cat "$tmp/train.jsonl" "$tmp/valid.jsonl" | wc -l | tr -d ' ')" 1270
run leak 0 data check "$tmp/train.jsonl" --validation "$tmp/valid.jsonl" --json
same 'no row on both sides' "$(sed -n '/"shared"/,/}/p' "$tmp/leak" | sed -n 's/.*"count": \([0-9]*\).*/\1/p')" 0
cp "$tmp/valid.jsonl" "$tmp/first.jsonl"
run split 0 data split "$data" "$tmp/train.jsonl" "$tmp/valid.jsonl" --share 0.2
cmp -s "$tmp/first.jsonl" "$tmp/valid.jsonl" && pass || fail 'the same seed divides otherwise'
run split 0 data split "$data" "$tmp/train.jsonl" "$tmp/valid.jsonl" --share 0.2 --seed 7
cmp -s "$tmp/first.jsonl" "$tmp/valid.jsonl" && fail 'another seed divides the same' || pass
run share 2 data split "$data" "$tmp/a" "$tmp/b" --share 1.5

# Training from each format: the same rows, the same weights.
run plain 0 data convert "$data" "$tmp/plain.csv" --to csv
run lossy 0 data convert "$data" "$tmp/lossy.jsonl" --to alpaca --lossy
run from 0 train --agent jsonl --data "$data" --json -q
run csv 0 train --agent csv --data "$tmp/plain.csv" --json -q
same 'CSV and JSONL' "$(value csv weights_sha256)" "$(value from weights_sha256)"
hone train --agent pipe --data - --format jsonl --json -q <"$data" >"$tmp/pipe" 2>"$tmp/pipe.err"
same 'standard input' "$(value pipe weights_sha256)" "$(value from weights_sha256)"
finish
