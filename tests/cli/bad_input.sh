#!/bin/sh
# Bad input gets its sentence and its exit code, and leaves nothing behind.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"

# refuse NAME STATUS TEXT ARGUMENT...: `hone train --agent x --data $tmp/NAME` is refused so, and nothing is stored.
refuse() {
    file=$1 want=$2 text=$3
    shift 3
    state=$tmp/none
    run out "$want" train --agent x --data "$tmp/$file" "$@"
    state=$tmp/state
    grep -F -q -e "$text" "$tmp/out.err" && pass || fail "$file $*: expected '$text', got: $(cat "$tmp/out.err")"
    holds "$file $* left nothing" ! -e "$tmp/none"
}

one='{"input":"a","expected_output":"b"}'
: >"$tmp/empty.jsonl"
refuse empty.jsonl 3 'empty'
printf '\n\n' >"$tmp/blank.jsonl"
refuse blank.jsonl 3 'blank.jsonl'
refuse missing.jsonl 4 'No such file'
mkdir "$tmp/folder"
refuse folder 3 'directory'
echo '{"input":"a"}' >"$tmp/key.jsonl"
refuse key.jsonl 3 'expected_output'
echo '{"expected_output":"a"}' >"$tmp/key2.jsonl"
refuse key2.jsonl 3 'input'
printf '%s\n{"input":3,"expected_output":"b"}\n' "$one" >"$tmp/type.jsonl"
refuse type.jsonl 3 'type.jsonl:2'
printf '%s\n{"input":"a","expected_output":"b","weight":"heavy"}\n' "$one" >"$tmp/weight.jsonl"
refuse weight.jsonl 3 'weight'
printf '%s\n{"input":"a","expected_output":"b","weight":-1}\n' "$one" >"$tmp/negative.jsonl"
refuse negative.jsonl 3 'weight'
printf '%s\n{"input":"a","expected_output":"b","feedback":"great"}\n' "$one" >"$tmp/feedback.jsonl"
refuse feedback.jsonl 3 'correct'
printf '%s\n{"input":"a\377","expected_output":"b"}\n' "$one" >"$tmp/utf8.jsonl"
refuse utf8.jsonl 3 'UTF-8'
printf '%s\n{"input":"a\0","expected_output":"b"}\n' "$one" >"$tmp/nul.jsonl"
refuse nul.jsonl 3 'nul.jsonl:2'
printf '%s\n{"input":"a\\u0000","expected_output":"b"}\n' "$one" >"$tmp/nul2.jsonl"
refuse nul2.jsonl 3 'nul2.jsonl:2'
printf '%s\n{"input":"a","expected_output":"b"\n' "$one" >"$tmp/cut.jsonl"
refuse cut.jsonl 3 'cut.jsonl:2'
echo "$one" >"$tmp/one.jsonl"
refuse one.jsonl 3 'example'
printf '%s\n{"input":"c","expected_output":"b"}\n{"input":"d","expected_output":"b"}\n' "$one" >"$tmp/same.jsonl"
refuse same.jsonl 3 'output'
for w in a c d e f; do
    echo "{\"input\":\"$w\",\"expected_output\":\"$w$w\",\"feedback\":\"incorrect\"}"
done >"$tmp/wrong.jsonl"
refuse wrong.jsonl 3 'incorrect'
printf '{"x":1}' >"$tmp/object.json"
refuse object.json 3 'object.json'
printf 'a\n1\n' >"$tmp/columns.csv"
refuse columns.csv 3 'columns.csv'
head -c 100000 /dev/urandom >"$tmp/noise.jsonl"
refuse noise.jsonl 3 'noise.jsonl'
cp "$data" "$tmp/good.jsonl"
refuse good.jsonl 3 'format' --format parquet
refuse good.jsonl 4 'nowhere' --validation "$tmp/nowhere.jsonl"
refuse good.jsonl 3 'empty' --validation "$tmp/empty.jsonl"

# Inputs without any word.
for i in 1 2 3 4 5 6; do printf '{"input":"\\u200d%s","expected_output":"o%d"}\n' "$(printf '\\u200b%.0s' $(seq $i))" $((i % 2)); done >"$tmp/invisible.jsonl"
refuse invisible.jsonl 3 'no word'
refuse good.jsonl 3 'no word' --set modelOptions.min_count=100000 2>/dev/null

# ---- configuration ----
refuse good.jsonl 3 "did you mean" --set epochz=3
refuse good.jsonl 3 'epochs' --set epochs=0
refuse good.jsonl 3 'epochs' --set epochs=many
refuse good.jsonl 3 'epochs' --set epochs=2.5
refuse good.jsonl 3 'key=value' --set epochs
refuse good.jsonl 3 'validationSplit' --set validationSplit=1.5
refuse good.jsonl 3 'learningRate' --set learningRate=nan
refuse good.jsonl 3 "did you mean 'adam'" --set optimizer=adamm
refuse good.jsonl 3 'beta1' --set optimizerOptions.beta1=2
refuse good.jsonl 3 'betta1' --set optimizerOptions.betta1=0.5
refuse good.jsonl 3 'supervised' --set trainingType=superwised
refuse good.jsonl 3 'preset' --preset nosuch
printf 'training = {\n  epochs = "ten";\n};\n' >"$tmp/type.conf"
refuse good.jsonl 3 'type.conf:2' --config "$tmp/type.conf"
printf 'epochs = \n' >"$tmp/syntax.conf"
refuse good.jsonl 3 'syntax.conf' --config "$tmp/syntax.conf"
refuse good.jsonl 4 'absent.conf' --config "$tmp/absent.conf"

# A model that cannot fit is refused with the number.
refuse good.jsonl 8 'MB' --set memoryMb=1 --set model=linear

# ---- places that cannot be written ----
if [ "$(id -u)" -ne 0 ]; then
    mkdir "$tmp/readonly" && chmod 500 "$tmp/readonly"
    state=$tmp/readonly/state
    run out 1 train --agent x --data "$data"
fi
echo file >"$tmp/file"
state=$tmp/file
run out 1 train --agent x --data "$data"
state=$tmp/state
has out.err "$tmp/file"
if [ -w /dev/full ]; then
    run trained 0 train --agent full --data "$data" -q
    "$builddir/hone" --state "$tmp/state" job show latest --json >/dev/full 2>"$tmp/full.err"
    same 'a full standard output' $? 1
    has full.err 'standard output'
    "$builddir/hone" --state "$tmp/state" ask full --batch "$fresh" >/dev/full 2>"$tmp/full.err"
    same 'a full place for answers' $? 1
fi

# ---- JSON, whatever is wrong ----
for words in 'trian' 'train --agnet x' 'train' 'job' 'job sho' 'train --agent x --agent y --data f' 'job show nosuch' 'config explain nosuch'; do
    # shellcheck disable=SC2086
    hone $words --json >"$tmp/wrong" 2>/dev/null
    has wrong '"success": false' '"code"'
done

# ---- what was meant ----
run out 2 train --agent x --data f --epochs 5
has out.err 'no option --epochs; write --set epochs=VALUE'
run out 2 train --agent x --data f --learning-rate=0.1
has out.err 'write --set learningRate=VALUE'
run out 2 job list --epochs 5
lacks out.err '--set'
run out 2 --agent x train --data f
has out.err 'behind'
for words in 'plugin --help' 'plugin -h' 'help plugin'; do
    # shellcheck disable=SC2086
    run out 0 $words
    has out 'plugin inspect NAME|FILE' 'plugin bench FILE'
    lacks out 'job list'
done
run out 2 help plugni
run out 4 generate nosuch
has out.err 'hone module list'

# ---- questions ----
run out 4 ask nobody hello
has out.err "there is no agent 'nobody'; hone agent list shows those that exist"
run out 2 ask full
run out 4 ask full --batch "$tmp/nowhere.jsonl"
run out 3 ask full --batch "$tmp/utf8.jsonl"
has out.err 'utf8.jsonl:2'
run out 2 ask full hello --threshold 7
run out 3 ask full "$(printf 'a\377')"
has out.err UTF-8
finish
