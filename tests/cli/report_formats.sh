#!/bin/sh
# The formats csv, junit and latex: what people write stays text in each of them (payloads.txt in every text field), JUnit fits its schema, LaTeX
# compiles where there is a LaTeX, a comma-separated file reads back, and gates of junit.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"

awk -f "$srcdir/tests/cli/payload_tree.awk" "$srcdir/tests/cli/payloads.txt" >"$tmp/tree"

# report FORMAT OPTIONS: the worker's task writes $tmp/out.FORMAT.
report() {
    printf '{"task":"report","plugin_dirs":[],"format":"%s","options":%s,"report":%s,"output":"%s"}' "$1" "$2" "$(cat "$tmp/tree")" "$tmp/out.$1" >"$tmp/start"
    "$builddir/tests/abi/drive" "$builddir/hone-worker" "@$tmp/start" 20 >"$tmp/$1.frames" 2>"$tmp/$1.err" </dev/null
}
payloads=$(wc -l <"$srcdir/tests/cli/payloads.txt")

report junit '{}' || fail "junit: the task failed: $(tail -c 1000 "$tmp/junit.frames" "$tmp/junit.err")"
if command -v xmllint >/dev/null; then
    xmllint --noout --schema "$srcdir/tests/cli/junit.xsd" "$tmp/out.junit" 2>"$tmp/said" && pass || fail "junit: $(head -c 2000 "$tmp/said")"
    # Each payload reads back as it was: in a property and in the names of two cases.
    xmllint --xpath '//testsuite/properties/property[@name="text.1"]/@value' "$tmp/out.junit" 2>/dev/null | wc -l >"$tmp/n"
    holds "junit: a property for each payload" "$(xmllint --xpath 'count(//property[@name="text.1"])' "$tmp/out.junit")" = "$payloads"
    holds "junit: a case for each row" "$(xmllint --xpath 'count(//testcase)' "$tmp/out.junit")" = $((2 * payloads))
    holds "junit: the first payload is text" "$(xmllint --xpath 'string((//property[@name="text.1"])[1]/@value)' "$tmp/out.junit")" = '<script>alert(1)</script>'
    holds "junit: no element but its own" "$(xmllint --xpath 'count(//*[not(self::testsuites or self::testsuite or self::properties or self::property or self::testcase or self::system-out)])' "$tmp/out.junit")" = 0
else
    echo "skipped: the schema of JUnit, since there is no xmllint"
fi

report csv '{}' || fail "csv: the task failed: $(tail -c 1000 "$tmp/csv.frames" "$tmp/csv.err")"
# Read as RFC 4180 has it: five columns in each record, no formula, quotes in pairs.
awk 'BEGIN { RS = "\r\n" } { n = 0; s = $0; while (length(s) >= 0) { n++
        if (substr(s, 1, 1) == "\"") { if (!match(s, /^"([^"]|"")*"/)) exit 1; cell = substr(s, 2, RLENGTH - 2); s = substr(s, RLENGTH + 1) }
        else { match(s, /^[^,"]*/); cell = substr(s, 1, RLENGTH); s = substr(s, RLENGTH + 1) }
        if (cell ~ /^[=+@]/ || (cell ~ /^-/ && cell !~ /^-[0-9.]+$/)) { print "formula: " cell; exit 1 }
        if (s == "") break
        if (substr(s, 1, 1) != ",") { print "no comma at " s; exit 1 }
        s = substr(s, 2); if (s == "") { n++; break } }
    if (n != 5) { print NR ": " n " columns: " $0; exit 1 } records++ } END { print records }' "$tmp/out.csv" >"$tmp/records" && pass ||
    fail "csv: $(cat "$tmp/records")"
holds "csv: its records" "$(cat "$tmp/records")" = $((1 + 1 + payloads * 14))
report csv '{"table":"t0"}' || fail "csv: one table: $(tail -c 500 "$tmp/csv.frames")"
holds "csv: a table as it is" "$(tr -d '\r' <"$tmp/out.csv" | tr '\n' ' ')" = 'name,value,low,high <script>alert(1)</script>,0.5,0.4,0.6 <script>alert(1)</script>,,, '
report csv '{"table":"none"}' && fail "csv: a table that is not there went well"
has csv.frames "no table or series 'none'"

report latex '{}' || fail "latex: the task failed: $(tail -c 1000 "$tmp/latex.frames" "$tmp/latex.err")"
# Of TeX's own signs only ours are left: no line has a % or an unescaped # or ~, and what commands there are we wrote.
grep -oE '\\[a-zA-Z@]+' "$tmp/out.latex" | sort -u >"$tmp/commands"
for word in input immediate write verb csname catcode; do
    grep -qx -F "\\$word" "$tmp/commands" && fail "latex: has \\$word"
done
for pair in document longtable; do
    holds "latex: begin and end of $pair" "$(grep -o -F "\\begin{$pair}" "$tmp/out.latex" | wc -l)" = "$(grep -o -F "\\end{$pair}" "$tmp/out.latex" | wc -l)"
done
sed '1,/begin{document}/d' "$tmp/out.latex" | sed 's/\\[%#_&${}]//g' | grep -n '[%#~^$"]' >"$tmp/signs" && fail "latex: has $(head -n 3 "$tmp/signs")"
sed 's/\\[{}]//g' "$tmp/out.latex" | awk '{ for (i = 1; i <= length($0); i++) { c = substr($0, i, 1); d += c == "{"; d -= c == "}"; if (d < 0) exit 1 } } END { exit d != 0 }' && pass ||
    fail "latex: braces do not match"
if command -v pdflatex >/dev/null; then
    (cd "$tmp" && cp out.latex r.tex && pdflatex -no-shell-escape -interaction=nonstopmode -halt-on-error r.tex >tex.log 2>&1) && pass || fail "latex: $(grep -A3 '^!' "$tmp/tex.log" | head -n 12)"
    holds "latex: nothing was run" ! -e "$tmp/evil"
else
    echo "skipped: compiling LaTeX, since there is no pdflatex"
fi

# A gate: minima of junit, on a real evaluation.
run train 0 train --agent desk --data "$data" --json -q
job=$(value train job_id)
run evaluate 0 evaluate "$job" --test "$fresh" --json --learning-curve never
run pass 0 report "$job" --format junit --options '{"minimum":"accuracy=0.8,f1_score=0.8"}'
has pass 'failures="0" errors="0">' '<testcase classname="hone.evaluation" name="accuracy">' '95 % interval'
run gate 0 report "$job" --format junit --options '{"minimum":"accuracy=0.999,nonsense=0.1"}'
has gate 'failures="2" errors="0">' 'the value 0.9' 'is below the minimum 0.999' 'no table of the report has a value of that name'
run surely 0 report "$job" --format junit --options '{"minimum":"accuracy=0.9","surely":true}'
has surely 'the lower end of the interval'
run slip 3 report "$job" --format junit --options '{"minimum":"accuracy"}'
run table 0 report "$job" --format csv --options '{"table":"history"}'
holds "csv: a line for each epoch" "$(wc -l <"$tmp/table")" -gt 5
finish
