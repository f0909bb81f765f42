#!/bin/sh
# `hone compare` as a user meets it: a tie, a proved lead, rows that are no test, and what it refuses.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"

run a 0 train --agent a --data "$data" --json -q --set seed=7
run b 0 train --agent b --data "$data" --json -q --set seed=7 --set learningRate=0.002
run weak 0 train --agent weak --data "$data" --json -q --set seed=7 --set epochs=1 --set learningRate=0.00001
a=$(value a job_id) b=$(value b job_id) weak=$(value weak job_id)

# Two good runs: no difference that these rows can show, said so, and exit code 11 for pipelines.
run tie 0 compare "$a" "$b" --json
for key in comparison_id metric_comparisons accuracy loss validation_accuracy validation_loss training_time convergence_speed \
    final_performance stability cost_efficiency statistical_analysis pValue effectSize improvement_percent overall_ranking \
    winner_reason recommendations summary optimal_config next_steps trade_offs rows_needed smallest_difference cohen_g equivalence; do
    has tie "\"$key\""
done
has tie '"winner": null' '"significant": false' 'a tie: ' '"test": "mcnemar_exact"'
run required 11 compare "$a" "$b" --require-significant
has required.err 'no significant winner: a tie'
cp "$tmp/tie" "$tmp/first"
run tie 0 compare "$a" "$b" --json
for f in first tie; do
    sed '/comparison_id/d; /created_at/d; /duration_ms/d' "$tmp/$f" >"$tmp/$f.plain"
done
cmp -s "$tmp/first.plain" "$tmp/tie.plain" || fail "two comparisons of the same runs differ"

# A run that learned next to nothing loses, against one and among three.
run lead 0 compare "$weak" "$a" --require-significant --json
has lead '"significant": true' '"winner": {'
[ "$(sed -n '/"winner": {/,/}/s/.*"job_id": "\(.*\)".*/\1/p' "$tmp/lead")" = "$a" ] || fail "the winner is not $a"
run three 11 compare "$a" "$b" "$weak" --test "$fresh" --require-significant --json
has three '"cochran_p"' '"trained_on"'
run people 0 compare "$a" weak
has people 'POINTS' 'SIGNIFICANT' 'Next steps' "$weak, named weak"
lacks people "$a, named"
grep -E -q '^training_time +[0-9]+ ms +job_[^ ]+ +[0-9]+ ms' "$tmp/people" && grep -E -q '^convergence_speed +[0-9]+ epochs' "$tmp/people" &&
    grep -E -q '^cost_efficiency +[-0-9.]+ a second' "$tmp/people" && pass || fail "values without their units: $(cat "$tmp/people")"
# Told apart by what they were told, and by nothing that they share.
has people 'SETTINGS THAT DIFFER' "$a  epochs=10 learningRate=0.001 optimizerOptions.lr=0.001" "$weak  epochs=1 learningRate=1e-05 optimizerOptions.lr=1e-05"
lacks people 'seed=' 'beta1='
lacks lead 'differs'
run twin 0 train --agent twin --data "$data" --json -q --set seed=7 --set epochs=1 --set learningRate=0.00001
run alike 0 compare weak twin
has alike 'the same in all runs'

# Rows that a run was trained on are never test rows, however they are written.
grep -o '"input": *"[^"]*", *"expected_output": *"[^"]*"' "$data" | sed 's/^/{/; s/$/}/' | sed 's/"input": *"/"input": "  /' >"$tmp/known.jsonl"
run all_data 0 train --agent c --data "$data" --json -q --set seed=9 --set validationSplit=0
c=$(value all_data job_id)
cat "$fresh" "$tmp/known.jsonl" >"$tmp/mixed.jsonl"
run mixed 0 compare "$a" "$c" --test "$tmp/mixed.jsonl"
has mixed "in common, without $(wc -l <"$tmp/known.jsonl") that a run was trained on"
run seen 0 compare "$a" "$c" --test "$tmp/known.jsonl" --json
has seen '"winner": null' '"statistical_analysis": null' 'they are no test of it'
run none 0 compare "$a" "$c" --json
has none '"winner": null' 'held no rows out'
run none_required 11 compare "$a" "$c" --require-significant
# Other data: no rows in common.
head -n 400 "$data" >"$tmp/left.jsonl"
tail -n +401 "$data" >"$tmp/right.jsonl"
run left 0 train --agent l --data "$tmp/left.jsonl" --json -q
run right 0 train --agent r --data "$tmp/right.jsonl" --json -q
run apart 0 compare "$(value left job_id)" "$(value right job_id)" --json
has apart 'no test rows in common' '"winner": null'

# What it refuses.
run one 2 compare "$a"
run twice 3 compare "$a" "$a"
has twice.err 'twice'
run missing 4 compare "$a" job_none
run slip 3 compare "$a" "$b" --metrics acuracy
has slip.err "did you mean 'accuracy'"
run margin 2 compare "$a" "$b" --margin 7
run margin 2 compare "$a" "$b" --margin 0.1x
has margin.err "--margin is '0.1x'"
finish
