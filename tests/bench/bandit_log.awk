# A bandit's log out of labelled rows {"input": ..., "expected_output": ...}: for each row one action is drawn evenly from `candidates`
# outputs, of which the right one is one; the row keeps the action, its reward (1 when it is right, else 0) and its propensity.
# awk -v seed=N [-v candidates=10] [-v marks=1] -f bandit_log.awk train.jsonl train.jsonl
# marks=1 says feedback instead of reward. The file is read twice: for its outputs, then for its rows.
function draw(n) { # Park & Miller, 1988: exact in double arithmetic
    state = (state * 48271) % 2147483647
    return int(state / 2147483647 * n)
}
BEGIN {
    if (!candidates)
        candidates = 10
    state = seed * 7919 + 17
    for (i = 0; i < 20; i++)
        draw(2)
}
{
    at = index($0, "\"expected_output\": \"")
    label = substr($0, at + 20)
    sub(/".*/, "", label)
}
NR == FNR {
    if (!(label in number)) {
        number[label] = outputs
        name[outputs++] = label
    }
    next
}
{
    action = label
    if (draw(candidates) > 0) {
        k = draw(outputs - 1)
        action = name[k >= number[label] ? k + 1 : k]
    }
    said = action == label
    if (marks)
        print substr($0, 1, at - 1) "\"expected_output\": \"" action "\", \"feedback\": \"" (said ? "correct" : "incorrect") "\"}"
    else
        printf "%s\"expected_output\": \"%s\", \"metadata\": {\"reward\": %d, \"propensity\": %.9g}}\n", substr($0, 1, at - 1), action, said, 1 / candidates
}
