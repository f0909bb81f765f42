#!/bin/sh
# `hone report --verify`: a report of each format and type is made again from the stored run and found good; a number that was changed is found
# and named; what cannot be computed again is said.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"

cp "$fresh" "$tmp/fresh.jsonl"
run train 0 train --agent desk --data "$data" --json -q --set seed=7
run other 0 train --agent desk --data "$data" --json -q --set seed=7 --set learningRate=0.002
job=$(value train job_id) other=$(value other job_id)
run evaluate 0 evaluate "$job" --test "$tmp/fresh.jsonl" --benchmark "$other" --criteria accuracy,f1_score,roc_auc,latency --json
run held 0 evaluate "$other" --json
has held '"asked"'
run compare 0 compare "$job" "$other" --json --margin 0.05
compared=$(value compare comparison_id)

for format in json html markdown csv junit latex; do
    run write 0 report "$job" --format $format --output "$tmp/r.$format" -q
    run verify 0 report --verify "$tmp/r.$format"
    has verify 'verified           yes' '1 evaluations'
done
has verify 'latency is a measured time'
run options 0 report "$job" --format html --options '{"digits":7}' --sections metrics,errors --output "$tmp/digits.html" -q
run verify 0 report --verify "$tmp/digits.html"
run executive 0 report "$job" --type executive --output "$tmp/executive.md" -q
run verify 0 report --verify "$tmp/executive.md"
run agent 0 report desk --type agent_summary --format html --output "$tmp/agent.html" -q
run verify 0 report --verify "$tmp/agent.html" --json
has verify '"verified": true' '"evaluations": 2'
run kept 0 report "$compared" --type comparison --format html --output "$tmp/kept.html" -q
run verify 0 report --verify "$tmp/kept.html"
has verify '1 comparisons'
run made 0 report "$job" "$other" --type comparison --format json --output "$tmp/made.json" -q
run verify 0 report --verify "$tmp/made.json"

# Each kind of number, changed by little: in a table, in a list of values, in a curve, in a drawing; and a row taken out.
tampered() {
    cmp -s "$tmp/$2" "$tmp/tampered" && fail "$1: nothing was changed"
    run changed 12 report --verify "$tmp/tampered"
    has changed 'verified           no' "$3"
    has changed.err 'is not what the stored run gives: 1 differences'
}
perl_like() { # perl_like FILE FROM TO: the first line with FROM gets TO in its place
    awk -v from="$2" -v to="$3" '!done { at = index($0, from); if (at) { $0 = substr($0, 1, at - 1) to substr($0, at + length(from)); done = 1 } } { print }' "$tmp/$1" >"$tmp/tampered"
}
accuracy=$(awk '/^ *"accuracy",$/ { getline; print; exit }' "$tmp/r.json" | tr -d ' ,')
perl_like r.json "$accuracy" 0.99
tampered 'json table' r.json "found 0.99, expected $accuracy"
has changed 'metric_scores/table/rows'
coverage=$(value r.json coverage)
perl_like r.json "\"coverage\": $coverage" '"coverage": 0.5'
tampered 'json value' r.json 'calibration/items/0/values/coverage: found 0.5'
cell=$(grep -o '<td class="n">0\.[0-9]*</td>' "$tmp/r.html" | head -n 1)
perl_like r.html "$cell" '<td class="n">0.1234</td>'
tampered 'html table' r.html 'found 0.1234'
x=$(grep -o 'cx="[0-9.]*"' "$tmp/r.html" | head -n 1)
perl_like r.html "$x" 'cx="99.9"'
tampered 'html drawing' r.html 'in a drawing or its markup'
awk '/^<tr><td class="n">3<\/td>/ && !done++ { next } { print }' "$tmp/r.html" >"$tmp/tampered"
tampered 'html row' r.html 'found nothing'
perl_like r.csv "$accuracy" 0.99
tampered csv r.csv 'found'

# A report about other weights than those that are stored, of rows that have changed or gone, and no report.
echo '{"input":"late","expected_output":"late"}' >>"$tmp/fresh.jsonl"
run rows 8 report --verify "$tmp/r.json"
has rows.err 'SHA-256' 'give the same rows with --test FILE'
rm "$tmp/fresh.jsonl"
run gone 8 report --verify "$tmp/r.json"
has gone.err 'not at hand'
run again 0 report --verify "$tmp/r.json" --test "$fresh"
run none 3 report --verify "$srcdir/README.md"
has none.err "no line 'Made by"
run missing 4 report --verify "$tmp/no-such-file"
run both 2 report --verify "$tmp/r.json" "$job"
run neither 2 report
run alone 2 report "$job" --test "$fresh"
finish
