# What the benchmarks share. HONE_DATA names the folder of the data sets (clinc150, banking77, ag_news, each with train.jsonl and
# test.jsonl); what is absent is skipped. Run from the build folder, or with BUILD=DIR; on a machine that does nothing else.
build=${BUILD:-$PWD}
data=${HONE_DATA:-}
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
HOME=$tmp XDG_CONFIG_HOME=$tmp XDG_STATE_HOME=$tmp HONE_SYSCONFDIR=$tmp HONE_PLUGIN_PATH=$build/plugins
export HOME XDG_CONFIG_HOME XDG_STATE_HOME HONE_SYSCONFDIR HONE_PLUGIN_PATH
[ -x "$build/hone" ] || { echo "there is no hone in $build; set BUILD" >&2; exit 2; }

need() { # need FILE...: skips the benchmark without them
    for f in "$@"; do
        [ -n "$data" ] && [ -r "$data/$f" ] || { echo "skipped: no $f under HONE_DATA (${data:-not set})"; exit 77; }
    done
}

# timed COMMAND...: runs it; $seconds and $mb get its wall time and greatest memory (of the largest process).
timed() {
    /usr/bin/time -f '%e %M' -o "$tmp/time" "$@" >"$tmp/out" 2>"$tmp/err" || { cat "$tmp/err"; exit 1; }
    seconds=$(cut -d ' ' -f 1 "$tmp/time")
    mb=$(awk '{ printf "%.1f", $2 / 1000 }' "$tmp/time")
}

median() {
    sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# value FILE KEY: the first number or text behind the key.
value() {
    sed -n 's/.*"'"$2"'": *"\{0,1\}\([^",}]*\).*/\1/p' "$1" | head -n 1
}

# accuracy TRAIN-ARGUMENT...: trains agent "bench" on $train and prints the accuracy on $test.
accuracy() {
    "$build/hone" --state "$tmp/state" train --agent bench --data "$train" -q "$@" >/dev/null 2>"$tmp/err" || { cat "$tmp/err"; exit 1; }
    "$build/hone" --state "$tmp/state" evaluate latest --test "$test" --criteria accuracy --json -q >"$tmp/evaluation"
    value "$tmp/evaluation" accuracy
}

# sample FILE N SEED: N rows of each output, by a generator of its own so that every awk draws the same.
sample() {
    awk -v n="$2" -v seed="$3" '
        function draw() { state = (state * 16807) % 2147483647; return state / 2147483647 }
        BEGIN { state = 7919 * seed + 12345; for (i = 0; i < 20; i++) draw() }
        { match($0, /"expected_output": *"[^"]*"/); o = substr($0, RSTART, RLENGTH)
          if (!(o in count)) name[++outputs] = o
          row[o, ++count[o]] = $0 }
        END { for (k = 1; k <= outputs; k++) { o = name[k]
                  for (i = 1; i <= n && i <= count[o]; i++) { j = i + int(draw() * (count[o] - i + 1))
                      t = row[o, i]; row[o, i] = row[o, j]; row[o, j] = t; print row[o, i] } } }' "$1"
}
