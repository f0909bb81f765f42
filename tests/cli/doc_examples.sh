#!/bin/sh
# The examples of README.md and docs/*.md: each block says in its first line what it is. Blocks of `sh` run as they stand, a page's in one folder
# one after another; `conf` is read as a configuration file, `conf pipeline` and `conf sweep` by their commands; `console` needs what a test
# cannot give (root, another machine, many minutes). Pages that have a test of their own (nightly.md, the guides of plugins) are left to it.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"
top=$(cd "$srcdir" && pwd)
PATH=$(cd "$builddir" && pwd):$PATH
unset -f hone
mkdir "$tmp/pc"
sed "s#^includedir=.*#includedir=$top/include#" "$builddir/hone.pc" >"$tmp/pc/hone.pc"
PKG_CONFIG_PATH=$tmp/pc
export PATH PKG_CONFIG_PATH
elsewhere='nightly.md plugin-guide.md plugin-languages.md'

# prepare FOLDER: what the pages' examples speak of.
prepare() {
    mkdir -p "$1" && cd "$1" || exit 99
    for f in examples f pairs; do
        cp "$top/etc/example/support.jsonl" $f.jsonl
    done
    cp "$top/etc/example/support-test.jsonl" fresh.jsonl
    sed 's/"expected_output": *"[^"]*", *//' fresh.jsonl | head -n 20 >inputs.jsonl
    cp "$top/tests/abi/example_optimizer.c" mine.c
    awk '/^```conf sweep$/ { on = 1; next } /^```$/ { on = 0 } on' "$top/docs/pipelines.md" | sed 's/trials = 30/trials = 4/' >sweep.conf
    hone train --agent support --data examples.jsonl --set epochs=3 --quiet >train.out &&
        hone train --agent support --data examples.jsonl --set epochs=4 --quiet >train.out || exit 99
    for _ in 1 2 3 4 5 6; do # as many as an adaptation needs
        hone ask support 'where is my parcel?' --json >ask.out || exit 99
    done
    hone job list --json >jobs.out
    job=$(sed -n 's/^ *"job_id": "\(.*\)".*/\1/p' jobs.out | head -n 1)
    other=$(sed -n 's/^ *"job_id": "\(.*\)".*/\1/p' jobs.out | tail -n 1)
    interaction=$(sed -n 's/^ *"interaction_id": "\(.*\)".*/\1/p' ask.out)
}

# What a page's blocks are told by their names in the text.
names() {
    sed "s/job_01jd\b/$job/g; s/job_01je\b/$other/g; s/intr_01jd\b/$interaction/g"
}

for page in "$top"/README.md "$top"/docs/*.md; do
    name=$(basename "$page")
    mkdir -p "$tmp/blocks/$name"
    awk '/^```/ && !on { on = 1; n++; file = sprintf("'"$tmp/blocks/$name"'/%02d", n); print substr($0, 4) > file; next }
        /^```$/ { on = 0; next } on { print > file }' "$page"
    case " $elsewhere " in *" $name "*) continue ;; esac
    HOME=$tmp/$name
    HONE_STATE=$tmp/$name/state
    export HOME HONE_STATE
    for block in "$tmp/blocks/$name"/*; do
        [ -e "$block" ] || continue
        kind=$(head -n 1 "$block")
        sed 1d "$block" >"$block.text"
        case $kind in
        sh)
            [ -d "$HOME" ] || prepare "$HOME"
            cd "$HOME" || exit 99
            names <"$block.text" >"$block.sh"
            sh -eu "$block.sh" >"$block.out" 2>"$block.err" </dev/null ;;
        conf) hone config show --config "$block.text" >"$block.out" 2>"$block.err" ;;
        'conf pipeline') hone pipeline check "$block.text" data=examples.jsonl >"$block.out" 2>"$block.err" ;;
        'conf sweep') [ -s "$block.text" ] ;; # README's block runs it
        console | json | c | text | http | js) ;;
        *) fail "$name: a block of the kind '$kind'; expected sh, conf, console, json, c, text, http or js"; continue ;;
        esac && pass || fail "$name: $(cat "$block.text"): $(tail -n 5 "$block.err")"
    done
done
finish
