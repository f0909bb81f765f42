#!/bin/sh
# The man pages and the completions in the tree are those that the tables give (UPDATE=1 writes them anew), the pages are in order for
# man, and each shell that is here completes commands, options and files.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"
"$abs_top_builddir/core/cli/hone-manual" "$tmp" <"$srcdir/docs/cli.md" && pass || fail 'hone-manual ends with a failure'
if [ -n "${UPDATE:-}" ] && [ $failed -eq 0 ]; then
    for f in "$srcdir"/docs/man/*.1; do rm -f "$f"; done
    cp "$tmp"/man/* "$srcdir/docs/man/" && cp "$tmp"/completions/* "$srcdir/etc/completions/"
fi
for f in "$tmp"/man/*; do
    cmp -s "$f" "$srcdir/docs/man/${f##*/}" && pass || fail "docs/man/${f##*/} is not what the tables give; UPDATE=1 sh tests/cli/manual.sh writes it"
done
for f in "$srcdir"/docs/man/*.1; do
    [ -f "$tmp/man/${f##*/}" ] && pass || fail "docs/man/${f##*/} is of a command that is gone"
done
for f in "$tmp"/completions/*; do
    cmp -s "$f" "$srcdir/etc/completions/${f##*/}" && pass || fail "etc/completions/${f##*/} is not what the tables give"
done

if command -v groff >/dev/null; then
    for f in "$srcdir"/docs/man/*.[157]; do
        groff -man -Tutf8 -ww -z "$f" >"$tmp/said" 2>&1
        [ -s "$tmp/said" ] && fail "groff on ${f##*/}: $(head -n 2 "$tmp/said")" || pass
    done
fi

for header in "$srcdir"/include/hone/*.h; do
    grep -q "${header##*/}" "$srcdir/docs/man/hone-plugin.7" && pass || fail "hone-plugin(7) does not name ${header##*/}"
done

# completes LINE...: what bash offers for these words, the last one being completed
completes() {
    bash -c '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { :; }; _hone; printf "%s\n" "${COMPREPLY[@]}"' "$srcdir/etc/completions/hone" "$@"
}
if command -v bash >/dev/null; then
    holds 'commands are completed' "$(completes hone tra)" = train
    holds 'second words are completed' "$(completes hone job res)" = resume
    holds 'options are completed' "$(completes hone train --validation-f)" = --validation-format
    (cd "$tmp" && : >rows.jsonl)
    holds 'files are completed' "$(cd "$tmp" && srcdir=$(cd - >/dev/null && cd "$srcdir" && pwd) && completes hone train --data rows)" = rows.jsonl
    holds 'a word that is free completes to nothing' -z "$(completes hone train --agent '')"
fi
if command -v zsh >/dev/null; then
    zsh -n "$srcdir/etc/completions/_hone" && pass || fail 'zsh does not read its completion'
fi
if command -v fish >/dev/null; then
    fish --no-execute "$srcdir/etc/completions/hone.fish" && pass || fail 'fish does not read its completion'
fi
finish
