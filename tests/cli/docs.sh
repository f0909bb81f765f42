#!/bin/sh
# The manual says everything: commands and options, exit codes, keys, public names, built-in plugins; and shows nothing that is gone.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"
docs=$srcdir/docs

said() { # said WHAT TEXT FILE
    grep -F -q -e "$2" "$docs/$3" && pass || fail "docs/$3 does not mention $1 $2"
}

hone --help >"$tmp/help"
sed -n '/^Commands/,/^Options/p' "$tmp/help" | sed -n 's/^  \([a-z][a-z ]*[a-z]\) .*/\1/p' | sed 's/  .*//' >"$tmp/commands"
holds 'commands are listed' "$(wc -l <"$tmp/commands")" -ge 20
while read -r command; do
    said 'the command' "hone $command" cli.md
    # shellcheck disable=SC2086
    hone $command --help | sed -n 's/^  --\([a-z-]*\).*/\1/p' >"$tmp/options"
    while read -r option; do
        said "of hone $command the option" "--$option" cli.md
    done <"$tmp/options"
done <"$tmp/commands"

for code in $(sed -n 's/^#define EXIT_[A-Z_]* *\([0-9]*\)$/\1/p' "$srcdir/core/base/err.h"); do
    said 'the exit code' "| $code |" cli.md
done
for variable in $(grep -rhoE '(secure_)?getenv\("[A-Z_]+"\)' "$srcdir/core" | sed 's/.*"\(.*\)".*/\1/' | grep '^HONE_' | sort -u); do
    said 'the variable' "$variable" cli.md
done

hone config explain --markdown >"$tmp/keys"
sed -n '/^| Key/,/^$/p' "$docs/configuration.md" | sed '/^$/d' >"$tmp/said"
cmp -s "$tmp/keys" "$tmp/said" && pass || fail "docs/configuration.md differs from 'hone config explain --markdown': $(diff "$tmp/said" "$tmp/keys" | head -n 6)"

for metric in $(grep -hoE '"(http|hone|process)_[a-z_]+' "$srcdir/core/http/metrics.c" "$srcdir/core/cli/serve_http.c" \
    "$srcdir/core/api/outbox.c" "$srcdir/core/api/quota.c" "$srcdir/core/api/serving.c" | sed 's/^"//; s/_bucket$//; s/_sum$//; s/_count$//' | sort -u); do
    said 'the metric' "$metric" operations.md
done

hone functions --markdown >"$tmp/functions"
sed -n '/^### /,$p' "$docs/api.md" >"$tmp/said"
cmp -s "$tmp/functions" "$tmp/said" && pass || fail "docs/api.md differs from 'hone functions --markdown': $(diff "$tmp/said" "$tmp/functions" | head -n 6)"

hone pipeline list --markdown >"$tmp/keys"
for line in 'Key | Of' 'Step | Function' 'Key | Default'; do
    sed -n "/^| $line/,/^\$/p" "$tmp/keys" | sed '/^$/d' >"$tmp/table"
    sed -n "/^| $line/,/^\$/p" "$docs/pipelines.md" | sed '/^$/d' >"$tmp/said"
    cmp -s "$tmp/table" "$tmp/said" && holds 'a table' -s "$tmp/table" || fail "docs/pipelines.md differs from 'hone pipeline list --markdown': $(diff "$tmp/said" "$tmp/table" | head -n 6)"
done
for pipeline in "$srcdir"/etc/pipelines/*.conf; do
    said 'the pipeline' "| \`$(basename "$pipeline" .conf)\` |" pipelines.md
    for parameter in $(sed -n '/^parameters/,/^};/s/^ *\([a-z_]*\) = .*/\1/p' "$pipeline" | grep -v '^parameters$'); do
        grep -F "| \`$(basename "$pipeline" .conf)\` |" "$docs/pipelines.md" | grep -F -q "\`$parameter\`" && pass || fail "docs/pipelines.md does not mention the parameter $parameter of $pipeline"
    done
done
for function in $(sed -n 's/^static const char \*const functions\[\] = { \(.*\), NULL };/\1/p' "$srcdir/core/api/expr.c" | tr -d '",'); do
    said 'the function of expressions' "\`$function" pipelines.md
done

for preset in "$srcdir"/etc/presets/*.conf; do
    said 'the preset' "\`$(basename "$preset" .conf)\`" configuration.md
done

for name in $(cat "$srcdir"/include/hone/*.h | grep -v '^ \*\|^/\*' | grep -oE '\b(HONE|hone)_[A-Za-z0-9_]*' | grep -v '_H$\|_$\|STATIC_NAME' | sort -u); do
    said 'the public name' "$name" plugin-guide.md
done

hone plugin list --json >"$tmp/plugins"
for name in $(sed -n 's/^ *"file": "\(.*\)\.so".*/\1/p' "$tmp/plugins"); do
    case $name in
    csv | html | json | junit | latex | markdown) ;;
    *) said 'the plugin' "\`$name\`" formulas.md ;;
    esac
done

for file in "$docs"/*.md "$srcdir"/README.md; do
    for link in $(grep -oE '\]\([a-z/]*\.md\)' "$file" | sed 's/](\(.*\))/\1/'); do
        [ -f "$(dirname "$file")/$link" ] && pass || fail "$(basename "$file") links to $link, which is not there"
    done
done
finish
