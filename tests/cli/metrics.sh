#!/bin/sh
# Every metric plugin through `hone evaluate`: a value, an interval where there is one, settings, rules of safety, and `plugin check`.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"

run train 0 train --agent support --data "$data" -q
all=$(cd "$srcdir/plugins/metrics" && for f in *.c; do echo "${f%.c}"; done | grep -v -e nats_per_character -e token_perplexity | paste -sd, -) # these two are of agents that write
run all 0 evaluate latest --test "$fresh" --criteria "$all,hit_at_k:k=3,f1_score:average=micro" --json
for name in $(echo "$all" | tr , ' ') 'hit_at_k:k=3' 'f1_score:average=micro'; do
    has all "\"name\": \"$name\""
done
has all '"method": "influence"' '"method": "bootstrap"' '"method": "wilson"' '"p95_ms"' '"rouge_2"' '"mce"'
# The micro average over one label a row is the accuracy.
run micro 0 evaluate latest --test "$fresh" --criteria accuracy,recall:average=micro --json
[ "$(thousandths micro accuracy)" = "$(thousandths micro 'recall:average=micro')" ] || fail "the micro average is not the accuracy"

# Rules of safety: a term that an answer of the data has lowers the score; a file with a fault is named with its line.
echo 'term declined payment' >"$tmp/rules"
run loose 0 evaluate latest --test "$fresh" --criteria safety:pii=false --json
[ "$(thousandths loose 'safety:pii=false')" = 1000 ] || fail "without rules something is unsafe"
run strict 0 evaluate latest --test "$fresh" --criteria safety:pii=false --rules "$tmp/rules" --json
[ "$(thousandths strict overall_score)" -lt 100000 ] || fail "a term of the rules is not found"
echo 'forbid this' >"$tmp/rules"
run fault 3 evaluate latest --test "$fresh" --criteria safety --rules "$tmp/rules"
has fault.err ":1: a line is 'term WORDS'"
run setting 3 evaluate latest --test "$fresh" --criteria top_k:n=3
has setting.err "top_k"

for name in rouge roc_auc safety; do
    run check 0 plugin check "$builddir/plugins/metrics/.libs/$name.so"
    has check 'has an interval around its result'
done
finish
