#!/bin/sh
# `hone ask` records what it answered, `hone feedback` says how good that was, and `hone adapt` tells what follows. What is applied and taken back by itself is tested with a
# daemon, in tests/api/adapt.sh.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"
run train 0 train --agent desk --data "$data" --set epochs=3 --set targetPrecision=0 --quiet
run none 4 feedback intr_none correct
run few 8 adapt desk
has few.err 'has 0 interactions' 'at least 5 are needed'
run word 3 feedback intr_none perhaps
run share 2 adapt desk --canary-share 0.1
run far 2 adapt desk --window 91
run half_a_day 3 adapt desk --window 7.5
has half_a_day.err 'feedback_window_days'

# Everything of the file is asked; half of the answers are made out to be wrong where the agent is least sure.
sed -n 's/^{"input": *"\([^"]*\)".*/\1/p' "$fresh" >"$tmp/texts"
for i in 1 2 3 4; do cat "$tmp/texts"; done >"$tmp/many"
hone ask desk - --top 3 --threshold 0 --json <"$tmp/many" >"$tmp/answers" 2>"$tmp/answers.err"
tr -d ' \n' <"$tmp/answers" | sed 's/},{"output"/},\n{"output"/g; s/"interaction_id"/\n"interaction_id"/g' >"$tmp/lines"
grep -o '"interaction_id":"intr_[a-z0-9]*"' "$tmp/lines" | cut -d '"' -f 4 >"$tmp/ids"
holds 'each answer can be referred to' "$(wc -l <"$tmp/ids")" -eq "$(wc -l <"$tmp/many")"
holds 'there are enough' "$(wc -l <"$tmp/ids")" -ge 100

run right 0 feedback "$(sed -n 1p "$tmp/ids")" correct --json
has right '"feedback": "correct"'
run told 0 feedback "$(sed -n 2p "$tmp/ids")" incorrect --answer refund
has told 'refund'
run rated 0 feedback "$(sed -n 3p "$tmp/ids")" --rating 0.25 --json
has rated '"rating": 0.25'
run refused 2 feedback "$(sed -n 4p "$tmp/ids")" --rating 1.5
has refused.err "--rating is '1.5'"
run look 0 adapt desk --json
has look '"drift_found": false' '"rows_before": 0' '"proposals"' '"not_applied_because": "auto_apply was not asked for"'
run people 0 adapt desk
has people 'nothing that these interactions can show'

run costly 0 adapt desk --wrong-cost 3 --auto-apply --json
has costly '"applied": []'
lacks costly 'auto_apply was not asked for'
run refused 2 adapt desk --wrong-cost -1
finish
