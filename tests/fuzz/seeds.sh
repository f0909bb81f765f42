#!/bin/sh
# Makes the first inputs of tests/fuzz/corpus, by hand and by our own programs (which lie in $abs_top_builddir, ./build): what is there already
# under another name stays, so findings do. For whoever adds a target; the result is committed.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
builddir=${abs_top_builddir:-$top/build}
corpus=$top/tests/fuzz/corpus
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
HOME=$tmp HONE_SYSCONFDIR=$tmp HONE_PLUGIN_PATH=$builddir/plugins
export HOME HONE_SYSCONFDIR HONE_PLUGIN_PATH
unset XDG_CONFIG_HOME XDG_STATE_HOME

# Weights and checkpoints are seeds twice, once without their checksums, which would refuse most of what a fuzzer makes of them.
# seed TARGET NAME [CHOICE]: standard input, behind the byte CHOICE (octal).
seed() {
    mkdir -p "$corpus/$1"
    { [ $# -lt 3 ] || printf "\\$3"; cat; } >"$corpus/$1/$2"
}
hone() {
    "$builddir/hone" --state "$tmp/state" -q "$@" >/dev/null
}

# ---- texts ----
printf '{"a":[1,-0,1e-7,1.7976931348623157e308,"\\u00e9\\n\\ud83d\\ude42",null,true,false,{}],"b":{"c":[]}}' | seed json all
printf '[[[[[[["deep"]]]]]]]' | seed json deep
printf '"lone \\ud800 surrogate"' | seed json surrogate
printf '{"a":1,"a":2}' | seed json twice
printf '{\n "a" : 1e999,\n}' | seed json faults
printf 'Where is my order 12345? \303\251t\303\251 \346\227\245\346\234\254\350\252\236 \360\237\231\202 don'"'"'t' | seed words languages
printf 'adamw.so=%064d' 7 | seed words pin
printf 'a\314\201 \357\254\201 \377 \300\200' | seed words folding
printf 'the kettle and the lamp and the kettle again, the lamp too' | seed tokens_learned repeated
printf '\303\251\303\251\303\251 \360\237\231\202\360\237\231\202' | seed tokens_learned wide

# ---- data ----
printf '{"input":"a","expected_output":"x","weight":0.5,"feedback":"partial","metadata":{"reward":1,"propensity":0.5}}\n{"input":"b","expected_output":"y"}\n' | seed jsonl rows
printf '\r\n{"text":"a","label":"x"}\r\n{"input":"b"}' | seed jsonl names
printf '{"input":"\\u0000","expected_output":"x"}\n{"input":"b","expected_output":1}\n[]\n{"input":' | seed jsonl faults
printf 'input,expected_output,weight\n"a ""b"", c",x,2\nd,y,\n' | seed delimited csv 0
printf 'text;label\na;x\n' | seed delimited semicolon 0
printf 'input\texpected_output\tfeedback\na b\tx\tcorrect\n' | seed delimited tsv 1
printf 'input,expected_output\n"open,x\n' | seed delimited open 0
printf '[{"input":"a","expected_output":"x"},{"input":"b","expected_output":"y","weight":2}]' | seed documents array 0
printf '{"examples":[{"input":"a","expected_output":"x"}]}' | seed documents object 0
printf '{"messages":[{"role":"system","content":"s"},{"role":"user","content":"a"},{"role":"assistant","content":"x"}]}\n' | seed documents chat 1
printf '[{"instruction":"do","input":"a","output":"x"}]' | seed documents alpaca 2
printf '__label__x a b\n__label__y c\n' | seed running fasttext 0
printf 'One paragraph of text.\n\nAnother one, which goes on\nin a second line.\n' | seed running text 1
for f in jsonl/rows documents/chat running/fasttext delimited/csv; do
    case $f in jsonl/*) cat "$corpus/$f" ;; *) tail -c +2 "$corpus/$f" ;; esac | seed guessed "$(basename $f)"
done
printf '3 2\na 1 2\nb -0.5 1e-3\nc 0 0\n' | seed vectors vec 0
printf 'a 1 2 3\nb 4 5 6\n' | seed vectors headless 0
printf '2 2\na \000\000\200\077\000\000\000\100\nb \000\000\000\000\000\000\000\000\n' | seed vectors bin 1

# ---- files of weights ----
i=0
while [ $i -lt 16 ]; do
    echo "{\"input\":\"where is the $i\",\"expected_output\":\"$((i % 2))\"}"
    i=$((i + 1))
done >"$tmp/rows.jsonl"
# weights NAME ARGUMENT...: trains, and keeps the weights as a seed.
weights() {
    weights_name=$1
    shift
    hone train --agent "$weights_name" --data "$tmp/rows.jsonl" --set epochs=1 --set validationSplit=0 "$@"
    find "$tmp/state/jobs" -name weights.safetensors -newer "$tmp/mark" -exec cp {} "$tmp/w" \;
    touch "$tmp/mark"
    seed weights "$weights_name" <"$tmp/w"
    LC_ALL=C sed 's|checksum/|checksam/|g' "$tmp/w" | seed weights "$weights_name-unsigned"
}
touch -d '1 hour ago' "$tmp/mark"
weights linear --set model=linear --set modelOptions.char_max=2
weights few --set paradigm=few_shot --set model=linear --set modelOptions.char_max=2
weights bow --set model=bow --set modelOptions.hidden=2 --set modelOptions.char_max=2
weights writes --set model=transformer --set modelOptions.layers=1 --set modelOptions.width=4 --set modelOptions.heads=2 --set modelOptions.hidden=4 \
    --set modelOptions.vocab=270 --set modelOptions.context=32
seed safetensors bow <"$corpus/weights/bow"
printf '\060\000\000\000\000\000\000\000{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}\000\000\200\077' >"$tmp/s"
size=$(($(wc -c <"$tmp/s") - 12))
{ printf "\\$(printf %o $size)\\0\\0\\0\\0\\0\\0\\0"; tail -c +9 "$tmp/s"; } | seed safetensors one
"$builddir/tests/fuzz/fuzz" --checkpoint "$tmp/c"
seed checkpoint begin <"$tmp/c"
LC_ALL=C sed 's|checksum/|checksam/|g' "$tmp/c" | seed checkpoint begin-unsigned
mkdir "$tmp/folder"
hone model export writes "$tmp/folder/f"
mkdir -p "$corpus/sound_folder"
for f in config.json tokenizer.json model.safetensors; do
    cp "$tmp/folder/f/$f" "$corpus/sound_folder/$f"
done
seed folder config 0 <"$corpus/sound_folder/config.json"
seed folder tokenizer 1 <"$corpus/sound_folder/tokenizer.json"
seed folder weights 2 <"$corpus/sound_folder/model.safetensors"
printf '{"weight_map":{"model.embed_tokens.weight":"model.safetensors","model.norm.weight":"../x"}}' | seed folder index 3
seed tokenizer ours <"$corpus/sound_folder/tokenizer.json"
sed -n '/^static const char tokens_llama_json/,/;$/s/^ *"\(.*\)";\{0,1\}$/\1/p' "$top/tests/unit/tokens_reference.h" | tr -d '\n' | sed 's/\\\(["\\]\)/\1/g' | seed tokenizer llama
hone db backup "$tmp/b.tar"
head -c 6144 "$tmp/b.tar" | seed archive backup
printf 'x' >"$tmp/x"
tar --format=ustar -C "$tmp" -cf - x | seed archive tar

# ---- HTTP ----
for p in /api/v2/functions/startTrainingJob /api/v2/jobs/job_1/events /api/functions/%61 /a/%2e%2e/b /apps/x/functions/y '/%C3%A9' '/a%00' '//' /healthz; do
    printf '%s' "$p" | seed path "$(printf '%s' "$p" | tr -c 'a-zA-Z0-9\n' _)"
done
printf 'limit=10&name=a+b%%20c&x=%%7B%%22a%%22%%3A1%%7D&=&y' | seed query all
printf 'a=%%zz&b=%%ff' | seed query faults
printf 'Host: localhost\nAuthorization: Bearer x\nContent-Length: 12\nContent-Type: application/json; charset=utf-8\nAccept-Encoding: gzip;q=0.5, br\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\nIf-None-Match: W/"abc", *\n' | seed headers all
printf 'Host: a\nHost: b\nContent-Length: 1\nContent-Length: 2\nTransfer-Encoding: chunked\n' | seed headers smuggling
printf 'Bearer good' | seed authorization good
printf 'bearer  bad' | seed authorization bad
printf 'Basic Z29vZA==' | seed authorization basic
printf 'multipart/form-data; boundary=XX\n--XX\r\nContent-Disposition: form-data; name="a"\r\n\r\nvalue\r\n--XX\r\nContent-Disposition: form-data; name="f"; filename="x.csv"\r\nContent-Type: text/csv\r\n\r\na,b\r\n--X\r\n--XX--\r\n' | seed form two
printf 'multipart/form-data; boundary="a b"\n--a b--' | seed form empty
printf 'startTrainingJob\n{"agent_id":"a","training_data":{"examples":[{"input":"a","expected_output":"b","weight":1}]},"config":{"epochs":3,"optimizer":"adamw"}}' | seed request train
printf 'registerWebhook\n{"url":"https://example.com/x","events":["training.completed"]}' | seed request webhook
printf 'recordFeedback\n{"interaction_id":"i","feedback":"correct","expected_output":"x","items":[{}]}' | seed request feedback
printf 'adaptAgentBehavior\n{"agent_id":"a","feedback_data":[{"input":"a","feedback":"partial"}]}' | seed request adapt
printf 'runTrainingPipeline\n{"pipeline":"sweep","parameters":{"a":1},"definition":null}' | seed request pipeline
printf 'uploadDataset\n{"name":"x","format":"csv","limit":1e400}' | seed request upload

# ---- other processes, other servers ----
frame() {
    printf "\\$(printf %o ${#1})\\0\\0\\0%s" "$1"
}
{ frame '{"type":"hello","pid":1}'; frame '{"type":"progress","epoch":1,"loss":0.5}'; frame '{"type":"result","data":{"a":[1,2]}}'; } | seed frame three
{ frame '{"type":"beat"}'; printf '\377\377\377\377'; } | seed frame long
frame '{"kind":1}' | seed frame untyped
for u in https://example.com/hook https://93.184.216.34:8443/x?y=z 'https://[2606:2800:220:1:248:1893:25c8:1946]/' https://127.1/ https://0x7f.1/ 'https://user@host/' http://a/ 'https://[::ffff:10.0.0.1]/'; do
    printf '%s' "$u" | seed webhook_url "$(printf '%s' "$u" | tr -c 'a-zA-Z0-9\n' _)"
done
printf '\012\000\000\001\000\000\000\000\000\000\000\000\000\000\000\001' | seed address private
printf '\040\001\007\150\000\000\000\000\000\000\000\000\010\010\010\010' | seed address global
for f in markdown json html csv; do
    case $f in markdown) c=0 ;; json) c=1 ;; html) c=2 ;; csv) c=3 ;; esac
    "$builddir/hone" --state "$tmp/state" report linear --type agent_summary --format $f 2>/dev/null | head -c 20000 | seed report $f $c
done

# ---- settings ----
for f in "$top"/etc/presets/*.conf; do
    seed settings "$(basename "$f" .conf)" <"$f"
done
printf '{"epochs": 3, "http": {"bodyBytes": 1000}, "plugins": {"path": ["a"]}}' | seed settings json
printf 'epochs = 3;\nhttp = { listen = "127.0.0.1:1"; };\noptimizerOptions = { lr = 1e-3; betas = [0.9, 0.99]; };\nx = ( 1, { a = 0x1FL; } );\n' | seed settings groups
printf '@include "hone.conf"\n' | seed settings include
printf '{"epochs":3,"optimizer":"torch:adamw","optimizerOptions":{"lr":0.1},"scheduler":"cosine","batchSize":"8","validationSplit":0.2,"model_options":{"a":1}}' | seed training all
for f in "$top"/etc/pipelines/*.conf; do
    seed pipeline "$(basename "$f" .conf)" <"$f"
done
printf 'steps = { a = { do = "train"; matrix = ( { epochs = 1; }, { epochs = 2; } ); needs = ["a", "b"]; when = "1 +"; }; };\n' | seed pipeline faults
printf 'agent = "a"; data = "x.jsonl"; trials = 9;\nspace = { learningRate = { min = 0.0003; max = 0.03; scale = "log"; }; labelSmoothing = [0.0, 0.1]; modelOptions = { scale = { min = 4; max = 12; steps = 3; }; }; };\nstart = ( { learningRate = 0.001; } );\nasha = { min_epochs = 1; reduction = 2; };\nconfig = { epochs = 4; };\n' | seed sweep all
printf 'agent = "a"; data = "b"; trails = 3;\nspace = { learnigRate = [0.1]; epochs = { min = 5; max = 2; }; };\n' | seed sweep faults
printf 'n + 2 * max(list) >= 3 and not (word == "a b" or train[0].m.acc < 0.5) and defined(later)' | seed expression all
printf 'text ${n} and $${no} ${train[index_of_max(train.m.acc)].job_id}' | seed expression fill
printf '((((((((((1))))))))))' | seed expression nested
printf '' | seed database sound
printf '\144\000\000\000\001\020\000\000\000\003' | seed database header
