#!/bin/sh
# Training modules and `hone generate`: what is returned is new, unique, of the difficulty asked for, the same for the same seed; fewer come with
# the reason; what is kept can be trained on; what is wrong is refused with a sentence.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"
HONE_PLUGIN_PATH=${HONE_PLUGIN_PATH:-$builddir/plugins}
export HONE_PLUGIN_PATH

# ---- modules ----
run created 0 module create --name desk --data "$data" --json
has created '"module_id": "module_' '"name": "desk"' '"examples": 1270'
module=$(value created module_id)
run listed 0 module list
has listed "$module" desk
run shown 0 module show desk --json
has shown "$module" '"synthetic": []'
run nameless 2 module create --data "$data"
run no_file 4 module create --name x --data "$tmp/none.jsonl"
run nobody 4 module show module_none
has nobody.err "there is no training module 'module_none'"
run second 0 module create --name desk --data "$data" --json
run twice 3 module show desk
has twice.err "2 are called 'desk'"
run removed 0 module delete "$(value second module_id)" --json
has removed '"deleted": true'

# ---- a small module, so that everything is quick ----
awk -F'"expected_output": ' '{ o = $2; sub(/", .*/, "", o); if (!(o in id)) id[o] = ++k; if (id[o] <= 8 && n[o]++ < 6) print }' "$data" >"$tmp/small.jsonl"
run small 0 module create --name small --data "$tmp/small.jsonl" -q
run made 0 generate small --count 20 --json
has made '"requested": 20' '"generated": 20' '"shortfall": null' '"config_source": "few-shot"' '"diversity_score": 0.' '"coverage_analysis": {' '"outputs_covered": 8' '"success_criteria": ['
run made_again 0 generate small --count 20 --json --set threads=1
run other_seed 0 generate small --count 20 --json --seed 43
for f in made made_again other_seed; do
    grep '"input": ' "$tmp/$f" >"$tmp/$f.inputs"
done
cmp -s "$tmp/made.inputs" "$tmp/made_again.inputs" && pass || fail 'the same seed gives other examples with one thread'
cmp -s "$tmp/made.inputs" "$tmp/other_seed.inputs" && fail 'another seed gives the same examples' || pass
same 'ids of examples are their own' "$(grep -c '"id": "syn_' "$tmp/made")" 20

# fold: inputs as words in small letters, one a line.
fold() {
    sed -n 's/.*"input": *"\(\([^"\\]\|\\.\)*\)".*/\1/p' "$1" | tr 'A-Z' 'a-z' | tr -c 'a-z0-9\n' ' ' | sed 's/  */ /g; s/^ //; s/ $//'
}
run rows 0 generate small --per-output 10 --output "$tmp/new.jsonl" --json
has rows '"requested": 80'
fold "$tmp/new.jsonl" | sort >"$tmp/new.folded"
fold "$tmp/small.jsonl" | sort -u >"$tmp/given.folded"
holds 'they are compared' -s "$tmp/new.folded"
same 'none comes twice' "$(uniq -d "$tmp/new.folded" | wc -l)" 0
same 'none is a given one' "$(comm -12 "$tmp/new.folded" "$tmp/given.folded" | wc -l)" 0
same 'as many rows as are told' "$(wc -l <"$tmp/new.jsonl")" "$(value rows generated)"
sed 's/^{/{"feedback":"incorrect",/' "$tmp/new.jsonl" | cat "$tmp/small.jsonl" - >"$tmp/marked.jsonl"
run marked 0 module create --name marked --data "$tmp/marked.jsonl" -q
run unlike 0 generate marked --per-output 10 --output "$tmp/unlike.jsonl" --json --no-keep
fold "$tmp/unlike.jsonl" | sort >"$tmp/unlike.folded"
holds 'some come' -s "$tmp/unlike.folded"
same 'none is what was marked as incorrect' "$(comm -12 "$tmp/unlike.folded" "$tmp/new.folded" | wc -l)" 0
run valid 0 data check "$tmp/new.jsonl"
lacks valid 'Near duplicates'
cat "$tmp/small.jsonl" "$tmp/new.jsonl" >"$tmp/both.jsonl"
run trained 0 train --agent both --data "$tmp/both.jsonl" --preset few-shot -q
run kept 0 module show small --json
has kept "$(value rows dataset_id)" '"name": "small, synthetic"'
run unkept 0 generate small --count 2 --no-keep --json
has unkept '"dataset_id": null'

# ---- candidates for each that is chosen ----
run refused 2 generate desk --surplus 0.5
run refused 2 generate desk --surplus 2x
has refused.err "--surplus is '2x'"

# ---- difficulty: of four requests, each holds its own level alone, and margins fall ----
for level in easy medium hard expert; do
    run "$level" 0 generate small --per-output 4 --difficulty "$level" --no-keep --json
    same "only $level" "$(grep '"difficulty": "' "$tmp/$level" | sort -u | tr -d ' ,')" "\"difficulty\":\"$level\""
    sed -n 's/.*"margin": \([0-9.e-]*\).*/\1/p' "$tmp/$level" | awk '{ s += $1; if ($1 <= 0) bad = 1 } END { if (NR && !bad) printf "%d\n", 1000 * s / NR }' >"$tmp/$level.margin"
    holds "margins of $level are above 0" -s "$tmp/$level.margin"
done
holds 'easy above medium' "$(cat "$tmp/easy.margin")" -gt "$(cat "$tmp/medium.margin")"
holds 'medium above hard' "$(cat "$tmp/medium.margin")" -gt "$(cat "$tmp/hard.margin")"
holds 'hard above expert' "$(cat "$tmp/hard.margin")" -gt "$(cat "$tmp/expert.margin")"

# ---- fewer, with the reason and the counts ----
printf '%s\n' '{"input":"red","expected_output":"a"}' '{"input":"blue","expected_output":"b"}' >"$tmp/two.jsonl"
run two 0 module create --name two --data "$tmp/two.jsonl" -q
run fewer 0 generate two --count 50 --generators edit --json
has fewer '"requested": 50' 'of 50 rows were found: of ' 'said what another proposal says'
holds 'fewer are returned' "$(value fewer generated)" -lt 50
grep -A 8 '"filters"' "$tmp/fewer" | grep -oE '[0-9]+' | awk 'NR == 1 { all = $1; next } { sum += $1 } END { print all - sum }' >"$tmp/left"
same 'each proposal is accounted for' "$(cat "$tmp/left")" "$(value fewer generated)"

# ---- outputs and generators ----
printf '%s\n' '{"input":"where is my parcel","expected_output":"parcel"}' '{"input":"my parcel is late","expected_output":"parcel"}' \
    '{"input":"give my money back","expected_output":"money_back"}' '{"input":"when is my money back","expected_output":"money_back"}' >"$tmp/named.jsonl"
run named 0 module create --name named --data "$tmp/named.jsonl" -q
run one_output 0 generate named --for money_back --count 3 --json
lacks one_output '"expected_output": "parcel"'
has one_output '"outputs_requested": 1'
run by_name 0 generate named --per-output 5 --generators template --options '{"template":{"swap":0,"fill":0,"carry":0,"join":0}}' --json
has by_name '"method": "output_words"' 'money back'
lacks by_name '"method": "join"'
run no_output 3 generate named --for nothing
has no_output.err "the module has no example of the output 'nothing'"
run both_counts 3 generate named --count 3 --per-output 3
has both_counts.err 'one of the two'
run too_many 2 generate named --count 51
run bad_level 3 generate named --difficulty impossible
has bad_level.err 'none of: easy medium hard expert'
run no_generator 3 generate named --generators templat
has no_generator.err "did you mean 'template'"
run no_setting 3 generate named --generators edit --options '{"edit":{"synonyms":1}}'
has no_setting.err synonyms
run no_such 2 generate named --generators edit --options '{"template":{}}'
has no_such.err "'template', which is none of the generators"
run base_refused 3 generate named --set base=desk
has base_refused.err 'config.base'

# ---- what the new rows are worth ----
run measured 0 generate small --per-output 5 --measure --json --no-keep
has measured '"test": "five_parts"' '"accuracy_without": 0.' '"accuracy_with": 0.' '"interval": {' '"p": '
same 'every row is judged once' "$(sed -n '/"measure"/,$p' "$tmp/measured" >"$tmp/measure"; value measure rows)" "$(grep -vc incorrect "$tmp/small.jsonl")"
same 'five seeds' "$(sed -n '/"measure"/,$p' "$tmp/measured" | grep -c '"seed": ')" 5
grep -v incorrect "$tmp/small.jsonl" | head -n 10 | cat "$fresh" - >"$tmp/met.jsonl"
run measured_fresh 0 generate small --per-output 5 --test "$tmp/met.jsonl" --no-keep
has measured_fresh 'fresh rows' '95% interval' 'test rows, which are rows of the module'
met=$(sed -n 's/.* \([0-9]*\) test rows, which are.*/\1/p' "$tmp/measured_fresh")
holds 'those of the module judge nothing' "${met:-0}" -ge 10
has measured_fresh "($(($(wc -l <"$tmp/met.jsonl") - met)) rows, 5 seeds"
run measured_met 8 generate small --per-output 1 --test "$tmp/small.jsonl" --no-keep
has measured_met.err 'test rows are rows of the module'

printf '%s\n' '{"input":"red one","expected_output":"a"}' '{"input":"the red one please","expected_output":"a"}' '{"input":"i want red","expected_output":"a"}' \
    '{"input":"blue","expected_output":"b"}' >"$tmp/lone.jsonl"
run lone 0 module create --name lone --data "$tmp/lone.jsonl" -q
run lone_measured 0 generate lone --count 4 --measure --json --no-keep
same 'what is always trained on judges nothing' "$(sed -n '/"measure"/,$p' "$tmp/lone_measured" >"$tmp/measure"; value measure rows)" 3
head -n 3 "$tmp/lone.jsonl" >"$tmp/single.jsonl"
run single 0 module create --name single --data "$tmp/single.jsonl" -q
run single_made 0 generate single --count 3 --json --no-keep
holds 'a module of one output gives rows, too' "$(value single_made generated)" -ge 1
run not_measured 8 generate two --count 1 --measure
has not_measured.err 'no row can be held out'

# ---- a generator that misbehaves fails its task alone ----
cat >"$tmp/wild.c" <<'EOF'
#include "hone/generator.h"
static int open_wild(void **self, const void *conf, const struct hone_material *m, const struct hone_host *h, struct hone_err *err)
{
    static int any;
    (void)conf, (void)m, (void)h, (void)err;
    *self = &any;
    return 0;
}
static int generate(void *self, const struct hone_wish *w, struct hone_collector *to, struct hone_err *err)
{
    const struct hone_proposal p = { .struct_size = sizeof p, .label = w->label, .input = { "\xff", 1 }, .method = "wild" };
    (void)self;
    if (w->seed)
        return to->add(to, &p, err);
    return *(volatile int *)0;
}
static void close_wild(void *self)
{
    (void)self;
}
static const struct hone_generator wild = {
    .item = HONE_ITEM_PLAIN(struct hone_generator, HONE_GENERATOR, "wild", "proposes what is no text", NULL, 0),
    .open = open_wild, .generate = generate, .close = close_wild,
};
HONE_DEFINE_PLUGIN("wild", "0.1", "Apache-2.0", "", NULL, NULL, &wild.item);
EOF
${CC:-cc} -shared -fPIC -I"$srcdir/include" -o "$tmp/wild.so" "$tmp/wild.c" && chmod go-w "$tmp/wild.so" || fail 'wild.c does not compile'
run wild 1 generate named --generators "$tmp/wild.so"
has wild.err "generator 'wild'" 'not UTF-8'
finish
