#!/bin/sh
# An agent that writes: the model transformer is trained by the same loop, and `hone ask` writes its answers token by token.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"

i=0
for thing in kettle lamp chair table spoon plate mirror clock; do
    for place in kitchen cellar garden attic; do
        i=$((i + 1))
        echo "{\"input\": \"where is the $thing of the $place\", \"expected_output\": \"The $thing stands in the $place, behind door $i.\"}"
    done
done >"$tmp/pairs.jsonl"
cat >"$tmp/small.conf" <<'END'
model = "transformer";
modelOptions = { layers = 2; width = 48; heads = 4; kv_heads = 2; vocab = 320; context = 64; };
epochs = 150; batchSize = 4; optimizer = "adamw"; learningRate = 0.005; labelSmoothing = 0.0; validationSplit = 0.0; earlyStopping = false; checkpointInterval = 0;
END
learn() { # learn AGENT ARGUMENT...
    learn_agent=$1
    shift
    run "$learn_agent" 0 train --agent "$learn_agent" --data "$tmp/pairs.jsonl" --config "$tmp/small.conf" --json "$@" -q
}
weights_of() {
    sed -n 's/.*"sha256": "\([0-9a-f]*\)".*/\1/p' "$tmp/$1" | head -n 1
}

learn guide
has guide '"model": "transformer"'
question='where is the clock of the attic'
answer='The clock stands in the attic, behind door 32.'
run one 0 ask guide "$question" --json
has one "\"output\": \"$answer\"" '"finish_reason": "end"' '"abstained": false'
run plain 0 ask guide "$question" -q
same 'the answer' "$(cat "$tmp/plain")" "$answer"
run streamed 0 ask guide "$question" --stream -q
same 'the streamed answer' "$(cat "$tmp/streamed")" "$answer"

# Beside others, and alone, with any number of threads.
sed 's/.*"input": "\([^"]*\)".*/\1/' "$tmp/pairs.jsonl" >"$tmp/texts"
run many 0 ask guide --batch "$tmp/texts" --format lines --output "$tmp/answers" -q
same 'learned answers' "$(sed 's/.*"expected_output": //; s/}$//' "$tmp/pairs.jsonl" | paste - "$tmp/answers" | awk -F '\t' 'index($2, $1) { n++ } END { print n }')" 32
HONE_SET_THREADS=1 hone ask guide --batch "$tmp/texts" --format lines --output "$tmp/answers1" -q
cmp -s "$tmp/answers" "$tmp/answers1" && pass || fail 'one thread writes otherwise'
learn again --set threads=1 --set epochs=3
learn other --set threads=3 --set epochs=3
same 'a hash is told' "$(weights_of again | wc -c | tr -d ' ')" 65
same 'the weights of any number of threads' "$(weights_of again)" "$(weights_of other)"
learn parts --set epochs=3 --set batchSize=2 --set gradientAccumulation=2
has parts '"status": "completed"'

# How an answer is written.
run short 0 ask guide "$question" --max-tokens 3 --json
has short '"finish_reason": "length"' '"tokens": 3'
run stopped 0 ask guide "$question" --stop ', behind' --json
has stopped '"output": "The clock stands in the attic"' '"finish_reason": "stop"'
for seed in 1 1 2; do
    run drawn$i 0 ask guide 'whatever you like' --temperature 3 --seed $seed --max-tokens 20 -q
    i=$((i + 1))
done
cmp -s "$tmp/drawn32" "$tmp/drawn33" && pass || fail 'the same seed writes otherwise'
cmp -s "$tmp/drawn32" "$tmp/drawn34" && fail 'another seed writes the same' || pass
printf 'another text\nwhatever you like\n' >"$tmp/two"
tail -n 1 "$tmp/two" >"$tmp/one_text"
for texts in two one_text; do
    run $texts.told 0 ask guide --batch "$tmp/$texts" --format lines --temperature 3 --seed 1 --max-tokens 20 --output "$tmp/$texts.out" -q
done
sed 's/, "confidence".*//' "$tmp/one_text.out" >"$tmp/alone"
tail -n 1 "$tmp/two.out" | sed 's/, "confidence".*//' | cmp -s - "$tmp/alone" && pass || fail 'a drawn answer depends on the others'
# A model that is large enough to guess by rough passes: alone it does, beside fifteen others it does not.
learn wide --set modelOptions.width=256 --set modelOptions.context=100 --set epochs=2
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do echo "text number $i"; done >"$tmp/sixteen"
echo 'whatever you like' >>"$tmp/sixteen"
for manner in '--temperature 0' '--temperature 1 --seed 5' '--temperature 1 --top-p 0.8 --top-k 50 --seed 6'; do
    run wide_many 0 ask wide --batch "$tmp/sixteen" --format lines $manner --max-tokens 60 --output "$tmp/wide_many.out" -q
    run wide_one 0 ask wide --batch "$tmp/one_text" --format lines $manner --max-tokens 60 --output "$tmp/wide_one.out" -q
    [ -s "$tmp/wide_one.out" ] && tail -n 1 "$tmp/wide_many.out" | cmp -s - "$tmp/wide_one.out" && pass || fail "guesses change an answer ($manner)"
done
run k1 0 ask guide 'whatever you like' --temperature 3 --top-k 1 --max-tokens 20 -q
run greedy 0 ask guide 'whatever you like' --max-tokens 20 -q
cmp -s "$tmp/k1" "$tmp/greedy" && pass || fail 'the likeliest of one is not the likeliest'
hone ask guide 'whatever you like' --temperature 3 --top-p 0.0001 --max-tokens 20 -q | cmp -s - "$tmp/greedy" && pass || fail 'the smallest top-p is not the likeliest'
run silent 0 ask guide 'whatever you like' --threshold 0.999999 --json
has silent '"output": null' '"abstained": true'

# Loss a character, of rows that were held out.
run held 0 train --agent held --data "$tmp/pairs.jsonl" --config "$tmp/small.conf" --set validationSplit=0.25 --set epochs=2 --json -q
has held '"validation": 8' '"nats_per_character": ' '"temperature"' '"threshold": 0'
run sure_of 3 train --agent held --data "$tmp/pairs.jsonl" --config "$tmp/small.conf" --set targetPrecision=0.9 -q
has sure_of.err 'targetPrecision'
run judged 0 evaluate latest --criteria accuracy --json -q
has judged '"source": "held_out"' '"rows": 8'
run told 0 ask held 'where is the lamp of the attic' --json
has told '"abstained": false'

# Answers that the context cuts: said, and measured by what is left of them.
run cut_tokens 0 data tokenizer "$tmp/pairs.jsonl" "$tmp/cut.json" --size 300 -q
sed 's/\("expected_output": "\)\([^"]*\)/\1\2 \2 \2/' "$tmp/pairs.jsonl" >"$tmp/longer.jsonl"
for validation in pairs longer; do
    learn cut_$validation --validation "$tmp/$validation.jsonl" --set epochs=1 --set modelOptions.context=12 --set modelOptions.tokenizer="$tmp/cut.json"
    has cut_$validation '32 of 32 validation answers are longer' '32 of 32 training answers are longer'
done
# A tokenizer that composes letters and accents: the characters are those of its tokens, and nothing is cut.
sed 's/"normalizer": *null/"normalizer": {"type": "NFC"}/' "$tmp/cut.json" >"$tmp/composing.json"
for form in composed decomposed; do
    letter=$([ $form = composed ] && printf '\303\251' || printf 'e\314\201')
    sed "s/\(\"expected_output\": \".*\)behind/\1b${letter}hind/" "$tmp/pairs.jsonl" >"$tmp/$form.jsonl"
    learn $form --validation "$tmp/$form.jsonl" --set epochs=1 --set modelOptions.tokenizer="$tmp/composing.json"
    grep -q 'are longer' "$tmp/$form" && fail "$form answers are said to be cut" || pass
done
cmp -s "$tmp/composed.jsonl" "$tmp/decomposed.jsonl" && fail 'the texts are the same' || pass
same 'the loss a character of either form' "$(value decomposed nats_per_character)" "$(value composed nats_per_character)"
same 'the loss of what is left' "$(value cut_longer nats_per_character)" "$(value cut_pairs nats_per_character)"

# Running text: parts of a file, each with what stands before it.
sed 's/.*"expected_output": "\([^"]*\)".*/\1/' "$tmp/pairs.jsonl" | awk '{ print } NR % 4 == 0 { print "" }' >"$tmp/plain.txt"
run checked 0 data check "$tmp/plain.txt"
has checked '0 errors' ' rows'
run converted 0 data convert "$tmp/plain.txt" "$tmp/plain.jsonl"
sed 's/.*"expected_output": *"\(.*\)"}$/\1/; s/\\n/\
/g' "$tmp/plain.jsonl" | tr -d '\n' >"$tmp/parts"
tr -d '\n' <"$tmp/plain.txt" | tail -c "$(wc -c <"$tmp/parts" | tr -d ' ')" | cmp -s - "$tmp/parts" && pass || fail 'the parts are not the text'
for form in txt jsonl; do # the end is held out, whatever file the text stands in
    run split_$form 0 data split "$tmp/plain.$form" "$tmp/most.jsonl" "$tmp/end.jsonl" --share 0.3
    [ -s "$tmp/end.jsonl" ] && cat "$tmp/most.jsonl" "$tmp/end.jsonl" | cmp -s - "$tmp/plain.jsonl" && pass || fail "of the $form another part than the end is held out"
done
run prose 0 train --agent prose --data "$tmp/plain.txt" --config "$tmp/small.conf" --set modelOptions.text=running --set epochs=3 --set validationSplit=0.1 --json -q
has prose '"nats_per_character"'
run goes_on 0 ask prose 'The kettle stands' --max-tokens 10 --json
has goes_on '"finish_reason": "length"'

# A tokenizer of its own, learned before.
run tokens 0 data tokenizer "$tmp/pairs.jsonl" "$tmp/tokens.json" --size 300 --json
has tokens '"tokens": 300'
run own 0 train --agent own --data "$tmp/pairs.jsonl" --config "$tmp/small.conf" --set modelOptions.tokenizer="$tmp/tokens.json" --set epochs=1 --json -q
run own_folder 0 model export own "$tmp/own_folder_of"
cmp -s "$tmp/own_folder_of/tokenizer.json" "$tmp/tokens.json" && pass || fail 'the tokenizer is another one'
run few_tokens 2 data tokenizer "$tmp/pairs.jsonl" "$tmp/none.json" --size 10
[ -e "$tmp/none.json" ] && fail 'a refused tokenizer was written' || pass

run linear 0 train --agent linear --data "$data" --set epochs=1 -q

# As a folder of Hugging Face, in several files, and back: the same answers; then a base.
run exported 0 model export guide "$tmp/llama" --shard-mb 1
run sharded 0 model export guide "$tmp/shards" --shard-mb 1 --json
has sharded '"files": 1'
for file in config.json tokenizer.json model.safetensors; do
    [ -s "$tmp/llama/$file" ] && pass || fail "the folder lacks $file"
done
run twice 5 model export guide "$tmp/llama"
mkdir "$tmp/left" && : >"$tmp/left/model.safetensors.index.json"
run left_over 5 model export guide "$tmp/left"
has left_over.err 'model.safetensors.index.json'
for file in generation_config.json tokenizer.json tokenizer_config.json; do # of another model, which readers of the folder would heed
    rm -r "$tmp/left" && mkdir "$tmp/left" && : >"$tmp/left/$file"
    run left_over 5 model export guide "$tmp/left"
    has left_over.err "$file"
done
rm "$tmp/left/$file" && : >"$tmp/left/README.md"
run beside_others 0 model export guide "$tmp/left"
run imported 0 model import "$tmp/llama" "$tmp/back.safetensors"
run based 0 train --agent based --data "$tmp/pairs.jsonl" --config "$tmp/small.conf" --set base="$tmp/llama" --set trainingType=transfer --set epochs=1 --set learningRate=0.0000001 --json -q
has based '"taken"'
run still 0 ask based "$question" -q
same 'an agent from a folder knows what the folder knows' "$(cat "$tmp/still")" "$answer"
[ -z "$(find "$tmp/state/data" -name 'base-*')" ] && pass || fail 'the folder left a file behind'
# How it writes unless told comes with the folder and stays with the weights.
cp -r "$tmp/llama" "$tmp/warm"
echo '{"do_sample": true, "temperature": 4, "top_k": 0, "max_new_tokens": 4}' >"$tmp/warm/generation_config.json"
run warmed 0 train --agent warmed --data "$tmp/pairs.jsonl" --config "$tmp/small.conf" --set base="$tmp/warm" --set trainingType=transfer --set epochs=1 --set learningRate=0.0000001 -q
run drawn 0 ask warmed "$question" --json
has drawn '"tokens": 4' '"finish_reason": "length"'
run seeded 0 ask warmed "$question" --seed 5 -q
run as_seeded 0 ask based "$question" --temperature 4 --max-tokens 4 --seed 5 -q
same 'a seed goes with what the agent draws by itself' "$(head -n 1 "$tmp/seeded")" "$(head -n 1 "$tmp/as_seeded")"
run greedy 0 ask warmed "$question" --temperature 0 --max-tokens 0 -q
same 'what is said goes before' "$(cat "$tmp/greedy")" "$answer"
run warm_again 0 model export warmed "$tmp/warm_folder"
tr -d ' \n\t' <"$tmp/warm_folder/generation_config.json" >"$tmp/drawing"
same 'the folder that is written says it too' "$(cat "$tmp/drawing")" '{"do_sample":true,"temperature":4,"top_k":0,"top_p":1,"max_new_tokens":4}'

# Adapters: learned beside weights that stand still, merged when the agent is exported.
sed 's/behind door/beside door/' "$tmp/pairs.jsonl" >"$tmp/new.jsonl"
run lora 0 train --agent lora --data "$tmp/new.jsonl" --config "$tmp/small.conf" --set base=agent:guide --set trainingType=transfer --set epochs=40 \
    --set modelOptions.lora_rank=8 --set modelOptions.lora_alpha=32 --set 'modelOptions.lora_targets=q,k,v,o,gate,up,down' --json -q
run learned 0 ask lora "$question" -q
same 'the adapters learned' "$(cat "$tmp/learned")" 'The clock stands in the attic, beside door 32.'
run merged 0 model export lora "$tmp/whole"
run over_merged 0 train --agent over --data "$tmp/new.jsonl" --config "$tmp/small.conf" --set base="$tmp/whole" --set trainingType=transfer --set epochs=1 --set learningRate=0.0000001 -q
run same_answer 0 ask over "$question" -q
same 'merged weights answer alike' "$(cat "$tmp/same_answer")" "$(cat "$tmp/learned")"
grep -q lora "$tmp/whole/config.json" && fail 'config.json tells of adapters' || pass
run frozen 0 train --agent frozen --data "$tmp/new.jsonl" --config "$tmp/small.conf" --set base=agent:guide --set trainingType=transfer --set epochs=1 \
    --set 'freezeLayers=["model.embed_tokens.*", "model.layers.0.*"]' --json -q
has frozen '"status": "completed"'
run target 3 train --agent lora --data "$tmp/new.jsonl" --config "$tmp/small.conf" --set modelOptions.lora_rank=8 --set modelOptions.lora_targets=z -q

# A folder with a fault leaves nothing behind.
sed 's/"num_hidden_layers": 2/"num_hidden_layers": 3/' "$tmp/llama/config.json" >"$tmp/llama/other.json" && mv "$tmp/llama/other.json" "$tmp/llama/config.json"
run faulty 1 model import "$tmp/llama" "$tmp/faulty.safetensors"
has faulty.err 'model.layers.2'
[ -e "$tmp/faulty.safetensors" ] && fail 'a faulty folder left a file' || pass
run no_base 1 train --agent none --data "$tmp/pairs.jsonl" --config "$tmp/small.conf" --set base="$tmp/llama" -q
has no_base.err 'config.base'
run no_folder 4 model import "$tmp/nowhere" "$tmp/faulty.safetensors"
run no_form 3 model export linear "$tmp/flat"

# What cannot be done is said.
long=$(printf 'word %.0s' $(seq 1 200))
run over 3 ask guide "$long"
has over.err 'the model looks at 64'
run choice 2 ask guide "$question" --temperature 101
run large 8 train --agent large --data "$tmp/pairs.jsonl" --config "$tmp/small.conf" --set modelOptions.width=512 --set modelOptions.layers=20 --set memoryMb=300 -q
has large.err 'memoryMb'
run uneven 3 train --agent uneven --data "$tmp/pairs.jsonl" --config "$tmp/small.conf" --set modelOptions.heads=5 -q
has uneven.err 'heads = 5'
run small 3 train --agent small --data "$tmp/pairs.jsonl" --config "$tmp/small.conf" --set modelOptions.vocab=100 -q
run absent 3 train --agent absent --data "$tmp/pairs.jsonl" --config "$tmp/small.conf" --set modelOptions.tokenizer=/nonexistent/tokenizer.json -q
has absent.err '/nonexistent/tokenizer.json'
run chooses 3 ask linear 'a text' --max-tokens 3
has chooses.err 'chooses among its outputs'
finish
