#!/bin/sh
# `hone report --format html` and the types and sections of reports: a page without scripts or requests, whose texts are escaped.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"

run train 0 train --agent desk --data "$data" --json -q --set seed=7
run other 0 train --agent desk2 --data "$data" --json -q --set seed=7 --set learningRate=0.002
job=$(value train job_id) other=$(value other job_id)
run evaluate 0 evaluate "$job" --test "$fresh" --benchmark "$other" --json
run html 0 report "$job" --format html
has html '<!DOCTYPE html>' '<html lang="en">' 'Content-Security-Policy' "default-src 'none'" 'Loss' '<svg class="chart" role="img"' 'Values with intervals: ' \
    'Confusion: ' 'Reliability: ' 'Curve: ' 'id="s-calibration"' 'href="#s-errors"' 'prefers-color-scheme:dark' '@media print' 'Against the baseline' '</html>'
for word in '<script' 'javascript:' 'http:' 'https:' '@import' 'url(' '<img' '<iframe' ' style="' ' onload'; do
    grep -q -F -i -e "$word" "$tmp/html" && fail "html: has $word"
done
[ "$(wc -c <"$tmp/html")" -lt 1000000 ] || fail "html: over 1 MB"
# The policy names the style by its hash.
sed -n '/<style>/,/<\/style>/p' "$tmp/html" | sed 's/.*<style>//; s/<\/style>.*//' >"$tmp/style"
printf '%s' "$(cat "$tmp/style")" >"$tmp/style.bare"
echo >>"$tmp/style.bare"
octal=$(sha256sum "$tmp/style.bare" | awk '{ for (i = 1; i < 64; i += 2) printf "\\%03o",
    (index("0123456789abcdef", substr($1, i, 1)) - 1) * 16 + index("0123456789abcdef", substr($1, i + 1, 1)) - 1 }')
# shellcheck disable=SC2059
hash=$(printf "$octal" | base64)
has html "sha256-$hash"
# Every element that is opened is closed.
for tag in section table svg details ul dl nav main header; do
    opened=$(grep -o -e "<$tag[ >]" "$tmp/html" | wc -l) closed=$(grep -o -e "</$tag>" "$tmp/html" | wc -l)
    [ "$opened" = "$closed" ] || fail "html: $opened <$tag>, $closed </$tag>"
done

# What people write stays text, wherever it stands: inputs, outputs, metadata, names.
awk 'BEGIN { n = split("<script>alert(1)</script>|\"><img src=x onerror=alert(1)>|<svg/onload=alert(1)>|javascript:alert(1)//|</title><script>|</style><b>|&lt;script&gt;|<a href=x>|{{7*7}}|<!--", p, "|")
    for (i = 0; i < 200; i++) { t = p[i % n + 1]; gsub(/"/, "\\\"", t)
        printf "{\"input\": \"%s %d\", \"expected_output\": \"%s answer\", \"metadata\": {\"%s\": \"%s\"}}\n", t, i, t, i % 2 ? "k<b>" : "k", t } }' >"$tmp/xss.jsonl"
run xss_train 0 train --agent '<b onload=x>"agent"</b>' --data "$tmp/xss.jsonl" --json -q
xss=$(value xss_train job_id)
run xss_evaluate 0 evaluate "$xss" --json
run xss 0 report "$xss" --format html
has xss '&lt;script&gt;alert(1)&lt;/script&gt;' '&lt;b onload=x&gt;&quot;agent&quot;'
for word in '<script' '<img' '<svg/onload' '<a href=x' '<b>' '<!--'; do
    grep -q -F -e "$word" "$tmp/xss" && fail "xss: $word came through"
done
[ "$(grep -o '</title>' "$tmp/xss" | wc -l)" = "$(grep -o '<title>' "$tmp/xss" | wc -l)" ] || fail "xss: a title was closed"

# Types and sections.
run some 0 report "$job" --sections summary,errors
has some '## Summary' '## Errors'
grep -q -e '^## Configuration' "$tmp/some" && fail "a section came that was not asked for"
run slip 3 report "$job" --sections sumary
run executive 0 report "$job" --type executive
has executive '## Summary' '## Evaluation' '## Recommendations'
grep -q -e '^## Configuration' "$tmp/executive" && fail "executive: has the configuration"
run agent 0 report desk --type agent_summary
has agent "$job" 'Jobs, newest first'
run compare 0 compare "$job" "$other" --json
run comparison 0 report "$(value compare comparison_id)" --type comparison --format html
has comparison 'Differences with their 95 % intervals' 'Values with intervals: ' 'Winner'
run runs 0 report "$job" "$other" --type comparison
has runs '## Statistics'
run none 4 report cmp_none --type comparison
run mixed 3 report "$job" --type nonsense
finish
