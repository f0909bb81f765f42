#!/bin/sh
# The page that `hone report --format html` writes: payloads in every text field stay text, only known elements are in it, colours have contrast,
# drawings and regions have labels; and where there is a Chromium, that it loads without a message, a request or an element that is not ours. With
# HONE_DATA, the size of the page for 150 outputs.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"
payloads=$srcdir/tests/cli/payloads.txt

# A real job: each payload in inputs, outputs, names and values of metadata, the agent's name and the name of its file.
awk 'function quoted(s) { gsub(/\\/, "\\\\\\\\", s); gsub(/"/, "\\\"", s); gsub(/\t/, "\\t", s); return "\"" s "\"" }
    { p[n++] = $0 } END { for (r = 0; r < 5; r++) for (i = 0; i < n; i++)
        printf "{\"input\": %s, \"expected_output\": %s, \"metadata\": {%s: %s}}\n", quoted(p[(i + r) % n] " " r), quoted(p[i]), quoted(p[i % 24]), quoted(p[(i + r) % n]) }' "$payloads" \
    >"$tmp/<img src=x onerror=alert(1)>.jsonl"
run train 0 train --agent '"><svg onload=alert(1)>' --data "$tmp/<img src=x onerror=alert(1)>.jsonl" --json -q --set epochs=2
job=$(value train job_id)
run evaluate 0 evaluate "$job" --json --learning-curve never
run job 0 report "$job" --format html
# A tree with each payload in each field that a report can have.
printf '{"task":"report","plugin_dirs":[],"format":"html","report":%s,"output":"%s"}' "$(awk -f "$srcdir/tests/cli/payload_tree.awk" "$payloads")" "$tmp/tree" >"$tmp/start"
"$builddir/tests/abi/drive" "$builddir/hone-worker" "@$tmp/start" 20 >"$tmp/frames" 2>&1 </dev/null && pass || fail "the tree: $(tail -c 500 "$tmp/frames")"
# The example's job and a comparison, as people see them.
run desk 0 train --agent desk --data "$data" --json -q --set seed=7
run other 0 train --agent desk --data "$data" --json -q --set seed=7 --set learningRate=0.002
run evaluate 0 evaluate "$(value desk job_id)" --test "$fresh" --benchmark "$(value other job_id)" --json
run desk_page 0 report "$(value desk job_id)" --format html
run comparison 0 report "$(value desk job_id)" "$(value other job_id)" --type comparison --format html
run agent 0 report desk --type agent_summary --format html

known='!DOCTYPE a bdi body caption circle dd details div dl dt h1 h2 h3 header html head li line main meta nav p path polyline rect section style summary svg table tbody td text th thead title tr ul'
# ours FILE WHAT: no element, no attribute and no link of others. Values of attributes are cut out first: in them a < is a text.
ours() {
    sed 's/<style>.*<\/style>//; s/="[^"]*"/=/g' "$1" >"$tmp/bones"
    for element in $(grep -oE '<[!A-Za-z][A-Za-z0-9]*' "$tmp/bones" | sed 's/^<//' | sort -u); do
        case " $known " in *" $element "*) ;; *) fail "$2: has <$element>" ;; esac
    done
    for attribute in $(grep -oE '<[a-z][a-z0-9]* [^>]*>' "$tmp/bones" | grep -oE ' [a-zA-Z:-]+=' | sort -u | tr -d ' ='); do
        case $attribute in
        aria-label | charset | class | content | cx | cy | d | fill-opacity | height | href | http-equiv | id | lang | name | points | preserveAspectRatio | r | role | scope | tabindex | text-anchor | transform | viewBox | width | x | x1 | x2 | y | y1 | y2) ;;
        *) fail "$2: has the attribute $attribute" ;;
        esac
    done
    grep -oE '<[a-z]+ [^<>]*href="[^"]*"' "$1" | grep -v 'href="#' >"$tmp/links" && fail "$2: links to $(head -n 1 "$tmp/links")"
    pass
}
for page in job tree desk_page comparison agent; do
    ours "$tmp/$page" "$page"
    holds "$page: one h1" "$(grep -o '<h1' "$tmp/$page" | wc -l)" = 1
    holds "$page: each drawing has a name" "$(grep -o '<svg class="chart" role="img"' "$tmp/$page" | wc -l)" = "$(grep -oE 'xMidYMid meet"><title>[^<]' "$tmp/$page" | wc -l)"
    holds "$page: each table has a caption or stands under a summary" "$(grep -o '<table>' "$tmp/$page" | wc -l)" = \
        $(($(grep -o '<caption>' "$tmp/$page" | wc -l) + $(grep -o '<summary>Numbers' "$tmp/$page" | wc -l)))
    holds "$page: heads of columns say so" "$(grep -oE '<th[ >]' "$tmp/$page" | wc -l)" = "$(grep -o '<th scope="col"' "$tmp/$page" | wc -l)"
    holds "$page: what scrolls can be reached and has a name" "$(grep -o 'class="wide"' "$tmp/$page" | wc -l)" = "$(grep -oE 'class="wide" tabindex="0" role="region" aria-label="' "$tmp/$page" | wc -l)"
    has "$page" '<html lang="en">' 'href="#main">To the content</a>' '<main id="main">' "default-src 'none'"
done
has job '&lt;script&gt;alert(1)&lt;/script&gt;' '&quot;&gt;&lt;svg onload=alert(1)&gt;'
has tree '{{constructor.constructor(&#39;alert(1)&#39;)()}}'

# Contrast (WCAG 2.2, 1.4.3): every colour of text on every ground, in both themes and in print, at least 4.5.
tr '}' '\n' <"$tmp/job" | grep -oE -- '--ink:[^;]*;--soft:[^;]*;--paper:[^;]*;--line:[^;]*;--blue:[^;]*;--red:[^;]*;--zebra:#[0-9a-f]*' >"$tmp/themes"
holds 'themes' "$(wc -l <"$tmp/themes")" = 3
awk 'function digit(c) { return index("0123456789abcdef", c) - 1 }
    function part(s, i) { v = (digit(substr(s, i, 1)) * 16 + digit(substr(s, i + 1, 1))) / 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ^ 2.4 }
    function light(s) { if (length(s) == 3) s = substr(s, 1, 1) substr(s, 1, 1) substr(s, 2, 1) substr(s, 2, 1) substr(s, 3, 1) substr(s, 3, 1)
        return 0.2126 * part(s, 1) + 0.7152 * part(s, 3) + 0.0722 * part(s, 5) }
    { n = split($0, item, ";"); for (i = 1; i <= n; i++) { split(item[i], kv, ":#"); colour[kv[1]] = kv[2] }
      for (t in colour) for (g in colour) if (t ~ /ink|soft|blue|red/ && g ~ /paper|zebra/) {
        a = light(colour[t]); b = light(colour[g]); ratio = a > b ? (a + 0.05) / (b + 0.05) : (b + 0.05) / (a + 0.05); pairs++
        if (ratio < 4.5) { print t " on " g ": " ratio; bad = 1 } } }
    END { if (pairs != 24) { print pairs " pairs"; bad = 1 } exit bad }' "$tmp/themes" >"$tmp/contrast" && pass || fail "contrast: $(cat "$tmp/contrast")"

chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
if [ -n "$chromium" ]; then
    # browse FILE OPTION...: loads a page without any way to the network; the page as the browser reads it is in $tmp/dom, messages in $tmp/said.
    browse() {
        browsed=$1
        shift
        rm -f "$tmp/net.json"
        timeout 240 "$chromium" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --disable-background-networking --disable-component-update \
            --disable-sync --disable-default-apps --proxy-server=http://127.0.0.1:9 --proxy-bypass-list='<-loopback>' --user-data-dir="$tmp/profile" \
            --enable-logging=stderr --log-net-log="$tmp/net.json" "$@" "file://$browsed" >"$tmp/dom" 2>"$tmp/said"
    }
    for page in job tree desk_page comparison agent; do
        cp "$tmp/$page" "$tmp/$page.html"
        browse "$tmp/$page.html" --dump-dom && [ -s "$tmp/dom" ] && pass || fail "$page: the browser ends with $?: $(tail -n 3 "$tmp/said")"
        grep CONSOLE "$tmp/said" >"$tmp/console" && fail "$page: $(head -n 2 "$tmp/console")"
        ours "$tmp/dom" "$page as the browser reads it"
        case $page in job | tree) ;; *) continue ;; esac
        # The same without its policy: nothing asks for anything that is not there.
        sed 's/<meta http-equiv="Content-Security-Policy"[^>]*>//' "$tmp/$page" >"$tmp/bare.html"
        browse "$tmp/bare.html" --dump-dom
        grep CONSOLE "$tmp/said" >"$tmp/console" && fail "$page without its policy: $(head -n 2 "$tmp/console")"
        grep -o '"url":"[^"]*"' "$tmp/net.json" | grep -vE 'google(apis)?\.com[/:]|gstatic\.com|file://|chrome' >"$tmp/requests" && fail "$page: asks for $(head -n 2 "$tmp/requests")"
        pass
    done
    # A page that does what ours must not is seen: the test can fail.
    echo '<!DOCTYPE html><meta http-equiv="Content-Security-Policy" content="default-src '"'none'"'"><body onload=alert(1)><img src="http://127.0.0.1:9/x"><script>1</script>' >"$tmp/bad.html"
    browse "$tmp/bad.html" --dump-dom
    holds 'faults of a bad page are seen' "$(grep -c CONSOLE "$tmp/said")" -ge 3
    # Light, dark and on paper.
    browse "$tmp/desk_page.html" --window-size=900,1400 --screenshot="$tmp/light.png"
    browse "$tmp/desk_page.html" --window-size=900,1400 --screenshot="$tmp/dark.png" --force-dark-mode --blink-settings=preferredColorScheme=0
    browse "$tmp/desk_page.html" --print-to-pdf="$tmp/paper.pdf"
    for picture in light.png dark.png paper.pdf; do
        holds "$picture is no empty page" "$(wc -c <"$tmp/$picture")" -gt 20000
    done
    cmp -s "$tmp/light.png" "$tmp/dark.png" && fail 'dark looks as light does'
    pass
else
    echo "skipped: the browser's part, since there is no Chromium"
fi

if [ -n "$HONE_DATA" ] && [ -f "$HONE_DATA/clinc150/train.jsonl" ]; then
    run clinc 0 train --agent clinc --data "$HONE_DATA/clinc150/train.jsonl" --json -q --set epochs=2
    run evaluate 0 evaluate "$(value clinc job_id)" --test "$HONE_DATA/clinc150/test.jsonl" --json --learning-curve never
    run clinc_page 0 report "$(value clinc job_id)" --format html
    holds 'the page for 150 outputs is below 1 MB' "$(wc -c <"$tmp/clinc_page")" -lt 1000000
    echo "the page for 150 outputs: $(wc -c <"$tmp/clinc_page") bytes"
else
    echo "skipped: the page for 150 outputs, since HONE_DATA has no clinc150"
fi
finish
