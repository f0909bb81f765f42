#!/bin/sh
# The preset few-shot against supervised on three rows an output; its confidence; what an agent refuses, and how an evaluation counts it.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"

# ---- few rows ----
awk '{ match($0, /"expected_output": *"[^"]*"/); o = substr($0, RSTART, RLENGTH) } o != "" && n[o]++ < 3' "$data" >"$tmp/few.jsonl"
holds 'there are outputs enough' "$(wc -l <"$tmp/few.jsonl")" -ge 30
run few 0 train --agent few --data "$tmp/few.jsonl" --preset few-shot --json -q
has few '"solved"' '"left_out_accuracy"' '"trainingType": "few_shot"' '"folds": 5' 'made of the words of the outputs'
run few_score 0 evaluate latest --test "$fresh" --json
run plain 0 train --agent plain --data "$tmp/few.jsonl" --set validationSplit=0 --json -q
run plain_score 0 evaluate latest --test "$fresh" --json
holds 'few_shot is better than supervised' "$(thousandths few_score accuracy)" -gt "$(thousandths plain_score accuracy)"
holds 'few_shot is good' "$(thousandths few_score accuracy)" -ge 600
run wordless 0 train --agent wordless --data "$tmp/few.jsonl" --preset few-shot --set paradigmOptions.output_weight=0 --set calibrationFolds=0 --json -q
run shown 0 job show few
has shown 'Solved without gradients' 'sharpness' 'left_out_loss'
lacks wordless 'made of the words of the outputs'
has wordless '"calibration": null'
run solved 0 train --agent solved --data "$tmp/few.jsonl" --preset few-shot --set epochs=1 --set paradigmOptions.fine_tune=false --set calibrationFolds=0 --json -q
run solved_score 0 evaluate latest --test "$fresh" --json
holds 'prototypes and neighbours alone are good' "$(thousandths solved_score accuracy)" -ge 500
run gradient 0 train --agent gradient --data "$tmp/few.jsonl" --preset few-shot --set paradigmOptions.solve=false --set calibrationFolds=0 --json -q
run gradient_score 0 evaluate latest --test "$fresh" --json
holds 'with them training is no worse than without' "$(thousandths few_score accuracy)" -ge "$(thousandths gradient_score accuracy)"
run hidden 0 train --agent hidden --data "$tmp/few.jsonl" --preset few-shot --set model=bow --set calibrationFolds=0 --json -q
run hidden_again 0 train --agent hidden --data "$tmp/few.jsonl" --preset few-shot --set model=bow --set calibrationFolds=0 --set threads=3 --json -q
same 'weights of bow' "$(value hidden weights_sha256)" "$(value hidden_again weights_sha256)"
run moved 0 train --agent moved --data "$tmp/few.jsonl" --set base=agent:few --set epochs=1 --json -q
has moved 'rows that vote on its answers; they are left behind'
run still 3 train --agent solved --data "$tmp/few.jsonl" --preset few-shot --set paradigmOptions.fine_tune=false
has still.err 'set epochs to 1'
run neither 3 train --agent solved --data "$tmp/few.jsonl" --preset few-shot --set epochs=1 --set paradigmOptions.fine_tune=false --set paradigmOptions.solve=false
has neither.err 'nothing would be learned'
run frozen 3 train --agent solved --data "$tmp/few.jsonl" --preset few-shot --set 'freezeLayers=["bias"]'
has frozen.err 'solves for'
awk 'BEGIN { for (i = 0; i < 4097; i++) print "{\"input\": \"text " i "\", \"expected_output\": \"" (i % 2 ? "odd" : "even") "\"}" }' >"$tmp/many.jsonl"
run many 3 train --agent solved --data "$tmp/many.jsonl" --preset few-shot
has many.err 'at most 4096 rows' 'supervised'
run one_fold 3 train --agent wordless --data "$tmp/few.jsonl" --set calibrationFolds=1
has one_fold.err calibrationFolds

# ---- the same bits for any number of threads, calibration included ----
for threads in 1 2 4 8; do
    run "threads$threads" 0 train --agent t --data "$tmp/few.jsonl" --preset few-shot --set threads=$threads --json -q
    same "weights with $threads threads" "$(value "threads$threads" weights_sha256)" "$(value few weights_sha256)"
done

# ---- refusing ----
run desk 0 train --agent desk --data "$data" --json -q
has desk '"temperature"' '"ece_before"' '"folds": 0'
run strange 0 ask desk 'zzz qqq' --json
has strange '"abstained": true' '"output": null' '"alternatives"'
same 'alternatives of a refusal' "$(grep -c '"output": "' "$tmp/strange")" 3
run refused 0 ask desk 'zzz qqq'
same 'and for people' "$(grep -c '^  0\.' "$tmp/refused")" 3
printf 'zzz qqq\nmy kettle came with a crack in it\n' >"$tmp/lines"
hone ask desk - <"$tmp/lines" >"$tmp/refused_lines"
same 'lines stay one an answer' "$(wc -l <"$tmp/refused_lines")" 2
run one_wish 0 ask desk 'zzz qqq' --top 0 --json
has one_wish '"alternatives": []'
run always 0 ask desk 'zzz qqq' --threshold 0 --json
lacks always '"output": null' '"abstained": true'
run known 0 ask desk 'my kettle came with a crack in it' --json
has known '"abstained": false'
has known '"alternatives": []'
{
    cat "$fresh"
    for text in 'who wrote the magic flute' 'boil an egg for seven minutes' 'the tide is high at noon' 'prove that primes are many'; do
        echo "{\"input\": \"$text\", \"expected_output\": \"out of scope\"}"
    done
} >"$tmp/mixed.jsonl"
run mixed 0 evaluate "$(value desk job_id)" --test "$tmp/mixed.jsonl" --json
has mixed '"out_of_scope_rows": 4' '"ece_before"' '"abstention_rate"'
holds 'most of what is out of scope is refused' "$(thousandths mixed out_of_scope_recall)" -ge 500
holds 'little else is' "$(thousandths mixed in_scope_accuracy)" -ge 850
same 'the threshold is that of training' "$(thousandths mixed agent_threshold)" "$(thousandths desk threshold)"
run precise 0 train --agent precise --data "$data" --set targetPrecision=1 --json -q
holds 'a higher precision refuses more' "$(thousandths precise threshold)" -ge "$(thousandths desk threshold)"
holds 'and is reached on the held-out rows' "$(thousandths precise precision)" -eq 1000
run mixed_text 0 evaluate latest --test "$tmp/mixed.jsonl"
has mixed_text 'out of scope' 'calibration' 'refused'

# ---- outputs with few rows beside outputs with many ----
awk '{ match($0, /"expected_output": *"[^"]*"/); o = substr($0, RSTART, RLENGTH); if (!(o in number)) number[o] = ++outputs }
     o != "" && n[o]++ < (number[o] % 2 ? 2 : 100)' "$data" >"$tmp/uneven.jsonl"
run uneven 0 train --agent uneven --data "$tmp/uneven.jsonl" --preset imbalanced --json -q
run uneven_score 0 evaluate latest --test "$fresh" --criteria balanced_accuracy --json
run even_handed 0 train --agent even_handed --data "$tmp/uneven.jsonl" --json -q
run even_score 0 evaluate latest --test "$fresh" --criteria balanced_accuracy --json
holds 'the preset imbalanced is better than the defaults' "$(thousandths uneven_score balanced_accuracy)" -gt $(($(thousandths even_score balanced_accuracy) + 20))

# ---- rows of a language model's kind: outputs without words teach nothing by themselves ----
awk '{ print "{\"input\": \"text " NR % 4 " of " NR "\", \"expected_output\": \"" NR % 4 "\"}" }' "$tmp/few.jsonl" >"$tmp/numbers.jsonl"
run numbers 0 train --agent numbers --data "$tmp/numbers.jsonl" --preset few-shot --json -q
lacks numbers 'made of the words of the outputs'
finish
