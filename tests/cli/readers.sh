#!/bin/sh
# What readers of examples say of files that people write: each fault with its line, and how it is mended; and what is taken though it looks odd.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"

# wrong FILE CONTENT TEXT...: `hone data check` refuses the file (its name says the format), with these texts. CONTENT is printf's format.
wrong() {
    wrong_file=$1
    # shellcheck disable=SC2059
    printf "$2" >"$tmp/$1"
    shift 2
    run wrong 3 data check "$tmp/$wrong_file"
    cat "$tmp/wrong.err" >>"$tmp/wrong"
    has wrong "$wrong_file" "$@"
}
# rows FILE CONTENT ROW...: the file is taken, and has these rows as `hone data convert --to jsonl` writes them.
rows() {
    rows_file=$1
    # shellcheck disable=SC2059
    printf "$2" >"$tmp/$1"
    shift 2
    run rows 0 data convert "$tmp/$rows_file" - --to jsonl
    same "rows of $rows_file" "$(cat "$tmp/rows")" "$(printf '%s\n' "$@")"
}
good='{"input":"a","expected_output":"b"}\n'
plain='{"input": "a", "expected_output": "b"}'

# ---- JSON, a line each ----
wrong a.jsonl "$good[1]\n" 'a.jsonl:2:1' 'the line holds an array; expected an object'
wrong b.jsonl "$good\"x\"\n" 'b.jsonl:2:1' 'the line holds'
wrong c.jsonl "$good{\"input\":\"a\"\n" 'c.jsonl:2' 'not valid JSON'
wrong d.jsonl "$good{\"input\":\"a\",\"expected_output\":\"b\"} x\n" 'd.jsonl:2' 'not valid JSON'
wrong e.jsonl "$good{\"input\":\"a\",\"prompt\":\"c\",\"expected_output\":\"b\"}\n" 'e.jsonl:2' 'a key of the example stands twice'
wrong f.jsonl "$good{\"expected_output\":\"b\"}\n" 'f.jsonl:2' 'input is missing'
wrong g.jsonl "$good{\"input\":\" \\\\t\",\"expected_output\":\"b\"}\n" 'g.jsonl:2' 'input is empty'
wrong h.jsonl "$good{\"input\":\"a\",\"expected_output\":\" \"}\n" 'h.jsonl:2' 'expected_output is empty'
wrong i.jsonl "$good{\"input\":\"a\",\"expected_output\":\"b\",\"weight\":-1}\n" 'i.jsonl:2' 'weight is -1' 'use 0 to leave the example out'
wrong j.jsonl "$good{\"input\":\"a\",\"expected_output\":\"b\",\"weight\":1e39}\n" 'j.jsonl:2' 'expected a number from 0 to 3.4e38'
wrong k.jsonl "$good{\"input\":\"a\",\"expected_output\":\"b\",\"weight\":\"1\"}\n" 'k.jsonl:2' 'weight' 'a number of at least 0'
wrong l.jsonl "$good{\"input\":\"a\",\"expected_output\":\"b\",\"metadata\":[{\"x\":[1]}]}\n" 'l.jsonl:2' 'metadata' 'an object'
wrong m.jsonl "$good{\"input\":\"a\",\"expected_output\":\"b\",\"feedback\":true}\n" 'm.jsonl:2' '"correct", "partial" or "incorrect"'
wrong n.jsonl "$good{\"input\":\"a\",\"expected_output\":null}\n" 'n.jsonl:2' 'expected_output'
wrong o.jsonl "$good{\"input\":\"a\",\"chosen\":\"b\",\"rejected\":\" \"}\n" 'o.jsonl:2' 'rejected is empty'
wrong p.jsonl "$good{\"input\":\"\\\\u0000\",\"expected_output\":\"b\"}\n" 'p.jsonl:2'
wrong q.jsonl "$good{\"input\":\"\\377\",\"expected_output\":\"b\"}\n" 'q.jsonl:2' 'UTF-8'
wrong r.jsonl "$good{\"input\":\"a\",\"expected_output\":\"b\",\"metadata\":{\"k\":{\"x\":}}}\n" 'r.jsonl:2' 'not valid JSON'
rows s.jsonl '\357\273\277{"text":"a","label":"b"}\r\n\n  \n{"question":"c","answer":"d","feedback":null,"weight":null,"metadata":null,"id":[1,{"x":2}]}' \
    "$plain" '{"input": "c", "expected_output": "d"}'
rows t.jsonl '{"INPUT":"a","expectedOutput":"b","wieght":{"x":[1,2]}}\n' "$plain"
printf '{"input":"a","expected_output":"b","wieght":2}\n{"input":"c","expected_output":"d"}\n' >"$tmp/near.jsonl"
run near 0 data check "$tmp/near.jsonl"
has near 'near.jsonl:1' 'the key "wieght" is not known and is ignored' 'did you mean weight?'

# ---- a document of JSON ----
rows a.json '{"version":{"major":[1]},"examples":[{"input":"a","expected_output":"b"}],"rest":[{"x":1}]}' "$plain"
rows b.json '{"name":"n","training_data":{"counts":[1],"examples":[{"input":"a","expected_output":"b"}]},"more":2}' "$plain"
rows c.json '\357\273\277[{"input":"a","expected_output":"b"}]\n' "$plain"
wrong d.json '{\n"rows":[{"input":"a","expected_output":"b"}]}' 'd.json' 'the document is an object without an array "examples"'
wrong e.json '{"examples":{"input":"a"}}' 'e.json' 'without an array "examples"'
wrong f.json '[{"input":"a","expected_output":"b"},3]' 'f.json:1' 'an element' 'an object'
wrong g.json '[{"input":"a","expected_output":"b"},\n{"input":"c","expected_output":"d"}' 'g.json:2' 'not valid JSON'
wrong h.json '{"training_data":{"examples":[{"input":"a","expected_output":"b"}]}} x' 'h.json' 'not valid JSON'
wrong i.json '{"a":[1,}' 'i.json' 'not valid JSON'

# ---- chats ----
rows a.jsonl '{"messages":[{"role":"system","content":"be kind"},{"role":"user","content":"a"},{"role":"assistant","content":"x"},{"role":"user","content":"c"},{"role":"assistant","content":"b"}]}\n' \
    '{"input": "system: be kind\nuser: a\nassistant: x\nuser: c", "expected_output": "b"}'
rows b.jsonl '{"messages":[{"content":"a","role":"user","parts":[1,{"y":2}]},{"role":"assistant","content":"one"},{"role":"assistant","content":"b"}]}\n' \
    '{"input": "a\nassistant: one", "expected_output": "b"}'
wrong u.jsonl "$good"'{"messages":[{"role":"system","content":"a"},{"role":"assistant","content":"b"}]}\n' 'u.jsonl:2' 'no message has the role user'
wrong v.jsonl "$good"'{"messages":[{"role":"user","content":"a"}]}\n' 'v.jsonl:2' 'does not end with a message of role assistant'
wrong w.jsonl "$good"'{"messages":[{"role":"user","content":"a"},"b"]}\n' 'w.jsonl:2' 'objects with role and content'
wrong x.jsonl "$good"'{"messages":"a"}\n' 'x.jsonl:2' 'messages' 'an array'
wrong y.jsonl "$good"'{"messages":[{"role":"user","content":"a"\n' 'y.jsonl:2' 'not valid JSON'
wrong z.jsonl "$good"'{"messages":[{"role":"user","parts":[1,}]}\n' 'z.jsonl:2' 'not valid JSON'

# ---- instructions ----
rows c.jsonl '{"instruction":"Say what it is.","input":"a","output":"b"}\n{"instruction":"Say a.","input":"","output":"b"}\n{"instruction":"Say a.","output":"b"}\n' \
    '{"input": "Say what it is.\na", "expected_output": "b"}' '{"input": "Say a.", "expected_output": "b"}' '{"input": "Say a.", "expected_output": "b"}'

# ---- fastText ----
printf '\357\273\277__label__b a  \r\n\n__label__d\tc e\n' >"$tmp/a.ft"
run ft 0 data convert "$tmp/a.ft" - --format fasttext --to jsonl
same 'rows of fastText' "$(cat "$tmp/ft")" "$(printf '%s\n' "$plain" '{"input": "c e", "expected_output": "d"}')"
printf '__label__b a\nno label\n__label__a __label__b c\n__label__ d\n__label__e\n' >"$tmp/b.ft"
run ft 3 data check "$tmp/b.ft" --format fasttext
has ft 'b.ft:2:1' 'does not begin with __label__' 'b.ft:3:12' 'more than one label' 'b.ft:4' 'expected_output is empty' 'b.ft:5' 'input is empty'

# ---- CSV and TSV ----
wrong a.csv 'input,expected_output\na,b\n"c,d\n' 'a.csv:3' 'is never closed'
wrong b.csv 'input,expected_output\na,b\nc,d,e\n' 'b.csv:3' 'the record has 3 fields; expected 2'
wrong c.csv 'a,b,c\n1,2,3\n' 'c.csv:1' 'the first record has 3 fields and is no header'
wrong d.csv 'input,expected_output,feedback\na,b,correct\nc,d,fine\n' 'd.csv:3' 'feedback is "fine"'
for weight in x -1 inf nan 1e39; do
    wrong e.csv "input,expected_output,weight\na,b,1\nc,d,$weight\n" 'e.csv:3' "weight is \"$weight\""
done
wrong f.csv 'input,expected_output,metadata\na,b,"{""reward"":1}"\nc,d,[1]\n' 'f.csv:3' 'metadata is not a JSON object'
wrong g.csv 'input,expected_output\na,b\n,d\n' 'g.csv:3' 'input is empty'
wrong h.csv 'input,expected_output\na,b\n"\377",d\n' 'h.csv:3' 'byte 0xff at place 1 that is not valid UTF-8' 'save the file as UTF-8'
wrong i.csv 'input,expected_output\na,b\nx\000y,d\n' 'i.csv:3' 'NUL byte'
wrong j.csv 'input,messages,expected_output\na,b,c,d\n' 'j.csv:2' 'the record has 4 fields; expected 3'
rows k.csv '\357\273\277id,text,label,weight,feedback,rejected\n7,a,b,,,\n\n8,"c ""q""\nd",e,0.5,partial,\n' \
    "$plain" '{"input": "c \"q\"\nd", "expected_output": "e", "feedback": "partial", "weight": 0.5}'
# A first record that may be a header: refused where one of the two names is known, told where both look like names of columns.
wrong m.csv 'input,tag\na b,c\n' 'm.csv:1' '"input" names a column, but "tag" beside it is no name that is known'
wrong n.csv 'tag-2,label\na b,c\n' 'n.csv:1' '"label" names a column, but "tag-2" beside it'
rows o.csv 'input,two words\na b,c\n' '{"input": "input", "expected_output": "two words"}' '{"input": "a b", "expected_output": "c"}'
doubted() { # doubted YES|NO CONTENT
    # shellcheck disable=SC2059
    printf "$2" >"$tmp/doubt.csv"
    run doubt 0 data check "$tmp/doubt.csv"
    [ "$1" = NO ] || has doubt 'doubt.csv:1' 'are taken as an example, but look like the names of columns'
    [ "$1" = YES ] || lacks doubt 'look like the names of columns'
}
doubted YES 'Tag_1,out-2.x\nwhere is it,x\nthe other one,y\n'
doubted NO 'tag,out\nwhere is it,out\nthe other one,y\n'
doubted NO 'tag,out\nwhere,x\nother,y\n'
doubted NO '1tag,out\nwhere is it,x\nthe other one,y\n'
doubted NO 'tag,out!\nwhere is it,x\nthe other one,y\n'
doubted NO 'tag,a_name_that_has_more_than_forty_characters\nwhere is it,x\nthe other one,y\n'
rows l.tsv 'input\texpected_output\r\n"a\tb\r\n' '{"input": "\"a", "expected_output": "b"}'

# ---- what is no file of examples ----
: >"$tmp/empty.jsonl"
run empty 3 data check "$tmp/empty.jsonl"
has empty.err 'empty.jsonl: the file is empty; expected one example a line'
printf '\357\273\277' >"$tmp/mark.jsonl"
run mark 3 data check "$tmp/mark.jsonl"
has mark.err 'the file is empty'
mkdir "$tmp/folder.jsonl"
run folder 3 data check "$tmp/folder.jsonl"
has folder.err 'is a directory; expected a file of examples'
run below 4 data check "$tmp/a.csv/rows.jsonl"
# shellcheck disable=SC2059
printf "$good" | "$builddir/hone" --state "$tmp/state" data convert - - --format jsonl --to csv >"$tmp/piped" 2>"$tmp/piped.err"
same 'from a pipe' "$(tr '\n' ' ' <"$tmp/piped" | tr -d '\r')" 'input,expected_output,feedback,weight,metadata a,b,correct,1, '
finish
