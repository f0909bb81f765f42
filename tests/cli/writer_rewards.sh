#!/bin/sh
# An agent that writes learns from preferences (paradigm dpo) and from rewards of the answers that it draws (reinforcement): what is to be
# preferred becomes likelier than what is not, and the mean reward rises.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"

i=0
for thing in kettle lamp chair table spoon plate mirror clock; do
    for place in kitchen cellar garden attic; do
        i=$((i + 1))
        echo "{\"input\": \"where is the $thing of the $place\", \"chosen\": \"The $thing stands in the $place, behind door $i.\", \"rejected\": \"The $thing stands in the $place, before gate $i.\"}"
    done
done >"$tmp/pairs.jsonl"
# The base has learned both answers to each input, so that it prefers none; what it is asked about later is some of it.
for answer in chosen rejected; do
    sed "s/\"chosen\": \(\".*\"\), \"rejected\": \(\".*\"\)}/\"chosen\": \1, \"rejected\": \2, \"end\": 0}/; s/\"$answer\"/\"expected_output\"/; s/, \"\(chosen\|rejected\)\": \"[^\"]*\"//; s/, \"end\": 0//" "$tmp/pairs.jsonl"
done >"$tmp/both.jsonl"
same 'rows of both' "$(grep -c 'expected_output.*behind' "$tmp/both.jsonl") $(grep -c 'expected_output.*before' "$tmp/both.jsonl")" '32 32'
cat >"$tmp/small.conf" <<'END'
modelOptions = { layers = 2; width = 48; heads = 4; kv_heads = 2; vocab = 320; context = 64; };
batchSize = 4; optimizer = "adamw"; labelSmoothing = 0.0; validationSplit = 0.0; earlyStopping = false; checkpointInterval = 0;
END
run base 0 train --agent base --data "$tmp/both.jsonl" --config "$tmp/small.conf" --set model=transformer --set epochs=25 --set learningRate=0.005 -q
scores() { # scores NAME: score and validation score of the first and the last epoch of the newest job, one a line
    hone monitor latest --history --json >"$tmp/$1.history"
    sed -n '/"history"/,$s/.*"\(score\|validation_score\)": \([-0-9.]*\).*/\1 \2/p' "$tmp/$1.history" >"$tmp/$1.scores"
}
first() {
    awk -v name="$2" '$1 == name { print $2; exit }' "$tmp/$1.scores"
}
last() {
    awk -v name="$2" '$1 == name { v = $2 } END { print v }' "$tmp/$1.scores"
}
rises() { # rises WHAT FROM TO BY
    awk -v a="$2" -v b="$3" -v by="$4" 'BEGIN { exit !(b - a >= by) }' && pass || fail "$1: from $2 to $3, expected a rise by at least $4"
}
learn() { # learn AGENT DATA ARGUMENT...
    learn_agent=$1 learn_data=$2
    shift 2
    run "$learn_agent" 0 train --agent "$learn_agent" --data "$tmp/$learn_data" --config "$tmp/small.conf" --set base=agent:base --set learningRate=0.0005 --json "$@" -q
}

# Preferences: after few epochs the chosen answer is the likelier one by far, for pairs that were held out, too.
learn pref pairs.jsonl --preset generative-preferences --set validationSplit=0.25 --set epochs=6 --set batchSize=4
scores pref
has pref.history '"score_name": "preferred"'
same 'all pairs are preferred' "$(last pref score) $(last pref validation_score)" '1 1'
rises 'preference of held-out pairs' "$(sed -n '/"history"/,$s/.*"validation_loss": \([0-9.]*\).*/-\1/p' "$tmp/pref.history" | head -n 1)" \
    "$(sed -n '/"history"/,$s/.*"validation_loss": \([0-9.]*\).*/-\1/p' "$tmp/pref.history" | tail -n 1)" 0.1
sed 's/.*"input": "\([^"]*\)".*/\1/' "$tmp/pairs.jsonl" >"$tmp/texts"
run answers 0 ask pref --batch "$tmp/texts" --format lines --output "$tmp/answers" -q
same 'what is written' "$(grep -c 'behind door' "$tmp/answers") $(grep -c 'before gate' "$tmp/answers")" '32 0'
# The other way round from the same base.
sed 's/"chosen"/"worse"/; s/"rejected"/"chosen"/; s/"worse"/"rejected"/' "$tmp/pairs.jsonl" >"$tmp/turned.jsonl"
learn turned turned.jsonl --set trainingType=dpo --set epochs=4 --set paradigmOptions.beta=0.5
run answers 0 ask turned --batch "$tmp/texts" --format lines --output "$tmp/answers" -q
same 'the other way round' "$(grep -c 'before gate' "$tmp/answers")" 32

# Rewards: the mean of drawn answers rises; held-out rows tell what the likeliest ones earn.
sed 's/"chosen"/"expected_output"/; s/, "rejected": "[^"]*"//' "$tmp/pairs.jsonl" >"$tmp/right.jsonl"
learn paid right.jsonl --preset generative-rewards --set validationSplit=0.25 --set epochs=8 --set learningRate=0.001 --set paradigmOptions.answers=8 --set paradigmOptions.answer_tokens=40 --set batchSize=4
scores paid
has paid.history '"score_name": "reward"'
rises 'mean reward' "$(first paid score)" "$(last paid score)" 0.05
same 'what is monitored is what the likeliest answers earn' "-$(last paid validation_score)" "$(sed -n '/"history"/,$s/.*"validation_loss": \(-[0-9.]*\).*/\1/p' "$tmp/paid.history" | tail -n 1)"
has paid '"name": "chrf"'
grep -q '"nats_per_character": [0-9]' "$tmp/paid.history" && fail 'drawn answers have no nats a character' || pass
learn far right.jsonl --set trainingType=reinforcement --set paradigmOptions.algorithm=reinforce --set paradigmOptions.reward=exact_match --set paradigmOptions.kl_weight=0.2 --set epochs=1 \
    --set paradigmOptions.answer_tokens=40
has far '"status": "completed"' '"name": "exact_match"'
run accuracy 3 train --agent no --data "$tmp/right.jsonl" --set base=agent:base --set trainingType=reinforcement --set paradigmOptions.algorithm=reinforce --set monitor=accuracy -q
has accuracy.err 'monitor validation_loss'

# What cannot be done is said, and where.
refused() { # refused NAME TEXT DATA ARGUMENT...
    refused_name=$1 refused_text=$2 refused_data=$3
    shift 3
    run "$refused_name" 3 train --agent none --data "$tmp/$refused_data" --config "$tmp/small.conf" --set epochs=1 "$@" -q
    has "$refused_name.err" "$refused_text"
}
sed '7s/, "rejected": "[^"]*"//' "$tmp/pairs.jsonl" >"$tmp/gap.jsonl"
refused gap 'gap.jsonl:7: the example has no rejected answer' gap.jsonl --set base=agent:base --set trainingType=dpo
refused plain 'right.jsonl:1: the example has no rejected answer' right.jsonl --set base=agent:base --set trainingType=dpo
sed '3s/}$/, "feedback": "incorrect"}/' "$tmp/pairs.jsonl" >"$tmp/wrong.jsonl"
refused wrong 'wrong.jsonl:3: the chosen answer is marked incorrect' wrong.jsonl --set base=agent:base --set trainingType=dpo
refused rootless 'needs a base' pairs.jsonl --set model=transformer --set trainingType=dpo
run chooser 3 train --agent none --data "$tmp/pairs.jsonl" --set trainingType=dpo --set base=agent:base --set model=linear -q
run chooses 3 train --agent none --data "$tmp/pairs.jsonl" --set trainingType=dpo --set model=linear -q
has chooses.err 'whole answers'
for metric in loss word_error_rate safety matthews_correlation cohen_kappa; do
    refused "metric_$metric" 'cannot reward an answer' right.jsonl --set base=agent:base --set trainingType=reinforcement --set paradigmOptions.algorithm=reinforce --set paradigmOptions.reward=$metric
done
refused metric_none 'config.paradigmOptions' right.jsonl --set base=agent:base --set trainingType=reinforcement --set paradigmOptions.algorithm=reinforce --set paradigmOptions.reward=chrff
refused ppo 'learns by reinforce' right.jsonl --set base=agent:base --set trainingType=reinforcement --set paradigmOptions.algorithm=ppo
refused importance 'learns by reinforce' right.jsonl --set base=agent:base --set trainingType=reinforcement --set paradigmOptions.algorithm=ips
refused written 'written answers are learned from by reinforce' right.jsonl --set base=agent:base --set trainingType=reinforcement --set paradigmOptions.algorithm=ppo \
    --set paradigmOptions.rewards=answers
refused in_parts 'config.gradientAccumulation is 2: ' right.jsonl --set base=agent:base --set trainingType=reinforcement --set paradigmOptions.algorithm=reinforce \
    --set gradientAccumulation=2
has in_parts.err 'raise config.batchSize'
sed '5s/"input": "/&word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word /' \
    "$tmp/right.jsonl" >"$tmp/long.jsonl"
refused long 'leaves no room for an answer' long.jsonl --set base=agent:base --set trainingType=reinforcement --set paradigmOptions.algorithm=reinforce

# Files keep rejected answers, or say that they cannot.
run split 0 data split "$tmp/pairs.jsonl" "$tmp/most.jsonl" "$tmp/rest.jsonl" --share 0.25
same 'rejected answers after a split' "$(cat "$tmp/most.jsonl" "$tmp/rest.jsonl" | grep -c '"rejected": "The ')" 32
run converted 0 data convert "$tmp/pairs.jsonl" "$tmp/pairs.json"
same 'rejected answers after a conversion' "$(grep -c '"rejected": "The ' "$tmp/pairs.json")" 32
run lossy 3 data convert "$tmp/pairs.jsonl" "$tmp/pairs.csv"
has lossy.err 'rejected answers'
printf 'input,chosen,rejected\nwhere,there,nowhere\nwho,me,\n' >"$tmp/some.csv"
run from_csv 0 data convert "$tmp/some.csv" "$tmp/some.jsonl"
has some.jsonl '"expected_output": "there", "rejected": "nowhere"' '"expected_output": "me"}'
printf '{"input": "a", "chosen": "b", "rejected": " "}\n{"input": "a", "chosen": "b", "expected_output": "c"}\n{"input": "a", "chosen": "b", "rejected": 1}\n' >"$tmp/bad.jsonl"
run checked 3 data check "$tmp/bad.jsonl"
has checked 'rejected is empty' 'stands twice' 'rejected is a number'
finish
