#!/bin/sh
# `hone evaluate` as a user meets it: on fresh rows, on the job's held-out rows, with chosen metrics, and where it must refuse.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"

run train 0 train --agent support --data "$data" --json -q
job=$(value train job_id)
[ -n "$job" ] || fail "the training names no job: $(cat "$tmp/train")"

# On fresh rows: the object of the document, and numbers that a linear model reaches.
run fresh 0 evaluate "$job" --test "$fresh" --json
for key in evaluation overall_score quality_grade metric_scores summary analysis convergence_status overfitting_risk \
    underfitting_risk training_efficiency strengths weaknesses recommendations outputs confused calibration ece abstention \
    slices errors; do
    has fresh "\"$key\""
done
has fresh '"source": "data"'
for key in accuracy precision recall f1_score; do
    n=$(thousandths fresh "$key")
    [ "${n:-0}" -ge 800 ] && [ "$n" -le 1000 ] || fail "fresh: $key is $n thousandths"
done
cp "$tmp/fresh" "$tmp/first"
run fresh 0 evaluate "$job" --test "$fresh" --json
sed '/duration_ms/d; /evaluation_id/d; /created_at/d' "$tmp/first" >"$tmp/a"
sed '/duration_ms/d; /evaluation_id/d; /created_at/d' "$tmp/fresh" >"$tmp/b"
cmp -s "$tmp/a" "$tmp/b" || fail "two evaluations of the same rows differ: $(diff "$tmp/a" "$tmp/b" | head -n 5)"

# On the held-out rows: the accuracy that training reported for the epoch that is served.
run held 0 evaluate "$job" --json
has held '"source": "held_out"'
run shown 0 job show "$job" --json
trained=$(thousandths shown validation_accuracy)
measured=$(thousandths held accuracy)
[ "$trained" = "$measured" ] || fail "held out: measured $measured thousandths, training said $trained"

# For people.
run people 0 evaluate "$job" --test "$fresh"
has people 'test rows were answered as expected'

# What more examples would bring: models on parts of the rows, a law through their errors, the forecast with its interval.
has held '"formula": "error = a + b rows^-c"' '"gain_points_interval"' '"foretold_from_fewer"' 'more would double the training rows' 'the power law through models trained'
run never 0 evaluate "$job" --json --learning-curve never
has never '"why": "not asked for"' '"forecast": null'
lacks never 'would double the training rows'
run mode 3 evaluate "$job" --learning-curve sometimes
run fewer 0 train --agent fewer --data "$data" --set validationSplit=0 --json -q
run folded 0 evaluate "$(value fewer job_id)" --test "$fresh" --json
has folded '"source": "fold"' '"formula"'
run costly 0 train --agent costly --data "$data" --set epochs=60 --set earlyStopping=false --json -q
run unasked 0 evaluate "$(value costly job_id)" --json
has unasked 'ask for them with --learning-curve always' '"fit": null'

# Against a baseline: the paired test, on rows that neither was trained on.
run weak 0 train --agent weak --data "$data" --json -q --set epochs=1 --set learningRate=0.00001
weak=$(value weak job_id)
run against 0 evaluate "$job" --test "$fresh" --benchmark "$weak" --json
has against '"benchmark_comparison"' '"accuracy_improvement"' '"loss_reduction"' '"significant": true' "\"baseline_job_id\": \"$weak\""
[ "$(thousandths against accuracy_improvement)" -gt 10000 ] || fail "a run that learned next to nothing is no worse"
run itself 3 evaluate "$job" --benchmark "$job"
run nobody 4 evaluate "$job" --benchmark job_none

# Chosen metrics, and a slip.
run recall 0 evaluate "$job" --test "$fresh" --criteria recall --json
sed -n '/"metric_scores"/,/}/p' "$tmp/recall" >"$tmp/scores"
has scores '"recall"'
grep -q '"precision"' "$tmp/scores" && fail "precision was not asked for: $(cat "$tmp/scores")"
run slip 3 evaluate "$job" --test "$fresh" --criteria acuracy
has slip.err "did you mean 'accuracy'"

# Rows that it was never taught, rows that are no test, no rows.
printf '%s\n' '{"input":"where is my parcel","expected_output":"Nobody ever said this."}' \
    '{"input":"late","expected_output":"wrong","feedback":"incorrect"}' >"$tmp/odd.jsonl"
run odd 0 evaluate "$job" --test "$tmp/odd.jsonl" --json
has odd '"unknown_outputs": 1'
has odd '"incorrect": 1'
has odd '"known": false'
[ "$(thousandths odd accuracy)" = 0 ] || fail "odd: an unknown output counted as right"
printf '%s\n' '{"input":"late","expected_output":"wrong","feedback":"incorrect"}' >"$tmp/none.jsonl"
run none 8 evaluate "$job" --test "$tmp/none.jsonl"
has none.err "none of the 1 test rows can be judged"
: >"$tmp/empty.jsonl"
hone evaluate "$job" --test "$tmp/empty.jsonl" >/dev/null 2>"$tmp/empty.err" && fail "an empty file went well"
has empty.err "empty.jsonl"

# Nothing held out and nothing given: refused.
run all 0 train --agent all --data "$data" --set validationSplit=0 --set epochs=1 --json -q
all=$(value all job_id)
run refused 8 evaluate "$all"
has refused.err "validationSplit was 0"
has refused.err "--test"
run given 0 evaluate "$all" --test "$fresh" --json
run absent 4 evaluate job_0000
finish
