#!/bin/sh
# The worker's task "report": a tree to a file in each format, and what happens to bad trees, formats, options and places.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"

# report NAME FIELDS: runs the task with these fields; the frames stand in $tmp/NAME.
report() {
    "$builddir/tests/abi/drive" "$builddir/hone-worker" "{\"task\":\"report\",\"plugin_dirs\":[],$2}" 20 >"$tmp/$1" 2>"$tmp/$1.err" \
        </dev/null
}

tree='{"type":"single_job","title":"Job *1*","fields":[{"key":"job_id","label":"Job","type":"text","value":"job_1"}],
"sections":[{"key":"outputs","title":"Outputs","items":[{"text":"# <b>All</b> went well"},{"table":{"key":"t","title":"","columns":[
{"key":"output","label":"Output","type":"text"},{"key":"recall","label":"Recall","type":"real"}],
"rows":[["yes | no\nmaybe",0.87126],["no",null]]}}]}]}'

report md "\"format\":\"markdown\",\"report\":$tree,\"output\":\"$tmp/r.md\"" || fail "markdown: the task failed: $(cat "$tmp/md")"
has md '"media_type":"text/markdown; charset=utf-8"'
cat >"$tmp/expected.md" <<'END'
# Job \*1\*

| Name | Value |
| ---- | ----- |
| Job  | job_1 |

## Outputs

\# &lt;b\>All&lt;/b\> went well

| Output              | Recall |
| ------------------- | -----: |
| yes \| no<br>maybe  | 0.8713 |
| no                  |      – |

END
# Columns are as wide as their source text, which the escapes are part of.
sed 's/  *|/ |/g; s/|  */| /g; s/-\{3,\}/---/g' "$tmp/expected.md" >"$tmp/a"
sed 's/  *|/ |/g; s/|  */| /g; s/-\{3,\}/---/g' "$tmp/r.md" >"$tmp/b"
cmp -s "$tmp/a" "$tmp/b" || fail "markdown: $(cat "$tmp/r.md")"
widths=$(sed -n '/^| Output/,/^$/p' "$tmp/r.md" | sed '/^$/d' | while IFS= read -r l; do printf '%s' "$l" | LC_ALL=C.UTF-8 wc -m; done |
    sort -u | wc -l)
[ "$widths" = 1 ] || fail "markdown: the table is not aligned: $(cat "$tmp/r.md")"

report json "\"format\":\"json\",\"options\":{\"indent\":0},\"report\":$tree,\"output\":\"$tmp/r.json\"" || fail "json: the task failed"
has json '"media_type":"application/json"'
grep -F -q '"rows":[["yes | no\nmaybe",0.87126],["no",null]]' "$tmp/r.json" || fail "json: $(cat "$tmp/r.json")"
bytes=$(wc -c <"$tmp/r.json" | tr -d ' ')
has json "\"bytes\":$bytes"

report stdout "\"format\":\"json\",\"options\":{\"indent\":0},\"report\":$tree" || fail "standard output: the task failed"
has stdout '{"type":"single_job","title":"Job *1*"'

# Faults: each has its sentence, and no file appears.
report format "\"format\":\"markdwon\",\"report\":$tree,\"output\":\"$tmp/none\"" && fail "an unknown format went well"
has format "did you mean 'markdown'"
report option "\"format\":\"json\",\"options\":{\"indnet\":2},\"report\":$tree,\"output\":\"$tmp/none\"" && fail "an unknown option went well"
has option "indnet"
report range "\"format\":\"json\",\"options\":{\"indent\":99},\"report\":$tree,\"output\":\"$tmp/none\"" && fail "an option out of range went well"
has range "indent"
report fault '"format":"json","report":{"type":"a","title":"A","fields":[],"sections":[{"key":"s","title":"S","items":[{"text":1}]}]},'"\"output\":\"$tmp/none\"" &&
    fail "a tree with a fault went well"
has fault "report/sections/0/items/0/text: must be a text"
report absent "\"format\":\"json\",\"output\":\"$tmp/none\"" && fail "no tree went well"
has absent "report: must be an object"
report place "\"format\":\"json\",\"report\":$tree,\"output\":\"$tmp/no/such/dir/r.json\"" && fail "a place that does not exist went well"
has place "no/such/dir"
[ ! -e "$tmp/none" ] || fail "a failed report left a file"
if [ -w /dev/full ]; then
    "$builddir/tests/abi/drive" "$builddir/hone-worker" "{\"task\":\"report\",\"format\":\"json\",\"report\":$tree}" 20 \
        >/dev/full 2>/dev/null </dev/null && fail "a full disk went unnoticed"
fi
finish
