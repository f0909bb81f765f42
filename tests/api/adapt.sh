#!/bin/sh
# An agent that is asked what it knows and what it knows nothing of, and told how good its answers were: the threshold that follows is applied by itself and helps; a canary answers
# its share; a change that does worse is taken back, and webhooks hear of it. And deploying in another manner: a threshold, exploration.
srcdir=${srcdir:-.}
. "$srcdir/tests/api/lib.sh"
command -v curl >/dev/null || { echo 'skipped: there is no curl'; exit 77; }
run train 0 train --agent desk --data "$data" --set epochs=4 --quiet
serve --access-log none
token=$(make_token train)

# call FUNCTION BODY: the answer in $tmp/back
call() {
    curl -s -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d "$2" "$url/api/v2/functions/$1" >"$tmp/back"
}
# ask FILE THRESHOLD: the lines of $tmp/FILE are asked; $tmp/ids has an id a line and $tmp/outs the answers
ask() {
    awk -v more="${2:-}" 'BEGIN { printf "{\"agent_id\":\"desk\",\"top\":3%s,\"texts\":[", more } { printf "%s\"%s\"", (NR > 1 ? "," : ""), $0 } END { print "]}" }' "$tmp/$1" >"$tmp/body"
    call invokeAgent "@$tmp/body"
    grep -o '"interaction_id":"[^"]*"' "$tmp/back" | cut -d '"' -f 4 >"$tmp/ids"
    grep -o '{"output":[^{]*"abstained"' "$tmp/back" | sed 's/{"output":\(null\|"[^"]*"\).*/\1/; s/"//g' >"$tmp/outs"
}
# rate WORD: every answer of the last ask
rate() {
    while read -r id; do
        call recordFeedback "{\"interaction_id\":\"$id\",\"feedback\":\"$1\"}"
    done <"$tmp/ids"
}

sed -n 's/^{"input": *"\([^"]*\)".*/\1/p' "$fresh" | head -n 60 >"$tmp/known"
awk 'BEGIN { split("zebra quark violin glacier meteor tulip harpoon saxophone pyramid walrus", w, " "); for (i = 0; i < 60; i++) print w[i % 10 + 1], w[int(i / 10) + 3], w[(i * 7 + int(i / 10)) % 10 + 1] }' >"$tmp/strange"
ask known ',\"threshold\":0'
same 'each answer has an id' "$(wc -l <"$tmp/ids")" "$(wc -l <"$tmp/known")"
rate correct
has back '"feedback":"correct"'
ask strange ',\"threshold\":0'
holds 'without a threshold all is answered' "$(grep -c '^null' "$tmp/outs")" -eq 0
rate incorrect

# The agent's own manner, without a threshold, is what the proposal is compared with.
call deployAgentVersion '{"agent_id":"desk","version_id":"1","threshold":0}'
has back '"version":2' '"reason":"deployed"'
call adaptAgentBehavior '{"agent_id":"desk"}'
has back '"kind":"threshold"' '"risk":"low"' '"lower_bound_improves":true' '"applied":[]' '"rated":120'
# Somebody tries a version of his own: nothing is applied beside it, and going back ends it alone. A new version answers its first question by a worker that is there.
starts() { curl -s -H "Authorization: Bearer $token" "$url/metrics" | sed -n 's/^hone_serving_starts_total //p'; }
call deployAgentVersion '{"agent_id":"desk","version_id":"1","threshold":0.1,"canary_share":0.01}'
has back '"version":3' '"canary_share":0.01'
call adaptAgentBehavior '{"agent_id":"desk","auto_apply":true}'
has back '"applied":[]' 'answers a share of the questions'
call rollbackAgent '{"agent_id":"desk"}'
has back '"version":2' '"reason":"rolled back"'
call getAgent '{"agent_id":"desk"}'
has back '"canary_version_id":null'
call rollbackAgent '{"agent_id":"desk"}'
has back '"version":1'
call deployAgentVersion '{"agent_id":"desk","version_id":"1","threshold":0}'
has back '"version":4'
before=$(starts)
holds 'workers are counted' "${before:-0}" -ge 1
call invokeAgent '{"agent_id":"desk","input":"where is it"}'
has back '"version":4'
same 'no worker starts for the question' "$(starts)" "$before"
call adaptAgentBehavior '{"agent_id":"desk","auto_apply":true,"canary_share":0.5}'
has back '"canary_share":0.5' '"not_applied_because":null' '"status":"canary"'
call adaptAgentBehavior '{"agent_id":"desk","auto_apply":true}'
has back 'is still watched'
call getAgent '{"agent_id":"desk"}'
has back '"canary_share":0.5'

# Two versions answer now; the canary refuses what is strange, but no more than was foretold.
: >"$tmp/versions"
for i in $(seq 40); do
    text=$(sed -n "${i}p" "$tmp/known")
    [ $((i % 4)) -eq 0 ] && text='zebra quark violin'
    call invokeAgent "{\"agent_id\":\"desk\",\"input\":\"$text\"}"
    sed 's/.*"version":\([0-9]*\).*/\1/' "$tmp/back" >>"$tmp/versions"
    grep -q '"version":5' "$tmp/back" && [ "$text" = 'zebra quark violin' ] && cp "$tmp/back" "$tmp/refused"
done
holds 'the version before answers' "$(grep -c '^4$' "$tmp/versions")" -ge 5
holds 'the canary answers' "$(grep -c '^5$' "$tmp/versions")" -ge 5
has refused '"abstained":true'

# It does well: after 50 rated answers it answers all.
i=0
while [ $i -lt 8 ]; do
    i=$((i + 1))
    for text in $(seq 15); do
        call invokeAgent "{\"agent_id\":\"desk\",\"input\":\"$(sed -n "${text}p" "$tmp/known")\"}"
        grep -q '"version":5' "$tmp/back" || continue
        grep -o '"interaction_id":"[^"]*"' "$tmp/back" | cut -d '"' -f 4 >"$tmp/ids"
        rate correct
    done
done
call adaptAgentBehavior '{"agent_id":"desk"}'
has back '"status":"applied"'
call getAgent '{"agent_id":"desk"}'
has back '"canary_version_id":null'

# People find what it answers wrong now: it is taken back by the feedback alone.
i=0
while [ $i -lt 12 ]; do
    i=$((i + 1))
    ask known
    rate incorrect
    call listAgentVersions '{"agent_id":"desk"}'
    grep -q '"number":4,[^}]*"active":true' "$tmp/back" && break
    grep -q '"settings":{"threshold":0},"active":true' "$tmp/back" && break
done
holds 'that takes a few hundred answers at most' $i -lt 12
call adaptAgentBehavior '{"agent_id":"desk"}'
has back '"status":"rolled back"' 'success_rate is'

# Answers by chance, with their propensities.
call deployAgentVersion '{"agent_id":"desk","version_id":"1","threshold":0,"explore":{"rule":"epsilon_greedy","setting":0.5}}'
ask known
holds 'some answers are drawn' "$(grep -o '"propensity":0\.0' "$tmp/back" | wc -l)" -ge 3
grep -o '"propensity":1[,}]' "$tmp/back" >"$tmp/sure"
holds 'none is sure' "$(wc -l <"$tmp/sure")" -eq 0
call deployAgentVersion '{"agent_id":"desk","version_id":"1","explore":{"rule":"thompson"}}'
has back '"VALIDATION_ERROR"' 'explore.rule'
call deployAgentVersion '{"agent_id":"desk","version_id":"1","explore":{"rule":"epsilon_greedy","setting":1.5}}'
has back '"VALIDATION_ERROR"' 'epsilon is a share'
call deployAgentVersion '{"agent_id":"desk","version_id":"1","explore":{"rule":"softmax","setting":0}}'
has back '"VALIDATION_ERROR"' 'temperature of at least'
call rollbackAgent '{"agent_id":"desk"}'
ask known
holds 'after going back every answer is the best one' "$(grep -o '"propensity":1[,}]' "$tmp/back" | wc -l)" -eq "$(wc -l <"$tmp/known")"
finish
