#!/bin/sh
# The kit for plugin authors: a new plugin of each kind builds, passes its check and is used; what is wrong is found; every plugin that
# is built here passes.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"
srcdir=$(cd "$srcdir" && pwd)
flags="-std=c11 -O2 -Wall -Wextra -Werror -ffp-contract=off -shared -fPIC -fvisibility=hidden -I $srcdir/include"

for kind in optimizer scheduler paradigm model metric report generator; do
    run new 0 plugin new $kind "my_$kind" --dir "$tmp/$kind"
    so=$tmp/$kind/my_$kind.so
    # shellcheck disable=SC2086
    ${CC:-cc} $flags -o "$so" "$tmp/$kind/my_$kind.c" -lm && pass || fail "$kind: the template does not compile"
    chmod go-w "$so"
    run check 0 plugin check "$so"
    has check '0 failed'
done
holds 'its README names the guide where it lies' -f "$(sed -n 's/^`\(.*plugin-guide\.md\)`\.$/\1/p' "$tmp/optimizer/README.md")"
run again 5 plugin new optimizer my_optimizer --dir "$tmp/optimizer"
has again.err 'exists'
run kind 2 plugin new optimiser mine --dir "$tmp/x"
has kind.err 'did you mean optimizer'
run name 2 plugin new optimizer 'no name' --dir "$tmp/x"

use() { # use WHAT SETTING: trains with the new plugin, better than chance
    run "use_$1" 0 train --agent "$1" --data "$data" --set "$2=$tmp/$1/my_$1.so" --set epochs=4 --json -q
    holds "$1 learns" "$(thousandths "use_$1" validation_accuracy)" -ge 300
}
use optimizer optimizer
use scheduler schedulerType
use paradigm trainingType
use model model
deep=$tmp/model/a_folder_with_a_name/of_which_the_path/is_long_beyond_any_name_of_a_model
mkdir -p "$deep" && chmod -R go-w "$tmp/model" && cp "$tmp/model/my_model.so" "$deep/"
run deep 0 plugin check "$deep/my_model.so"
run use_deep 0 train --agent deep --data "$data" --set "model=$deep/my_model.so" --set epochs=1 -q
run use_again 0 train --agent model --data "$data" --set "model=$tmp/model/my_model.so" --set epochs=4 -q
run counted 0 evaluate latest --test "$fresh" --criteria "$tmp/metric/my_metric.so" --json
has counted '"my_metric"'
run asked 0 ask model 'my kettle came with a crack in it'
has asked 'I am sorry that it arrived damaged'
run written 0 report latest --format "$tmp/report/my_report.so"
has written 'Status: completed'

# Side by side on the example data: the given one first in the answer, marked in the table; its settings are its alone.
run bench 0 plugin bench "$tmp/optimizer/my_optimizer.so" --with sgd,adam --set epochs=3 --set optimizerOptions.keep=0.5 --svg "$tmp/curves.svg" --json
has bench '"given": true' '"name": "adam"' '"ns_per_parameter": ' '"losses": ['
same 'three were trained' "$(grep -c '"epochs": 3' "$tmp/bench")" 3
same 'three curves' "$(grep -c '<polyline' "$tmp/curves.svg")" 3
run table 0 plugin bench adam --with sgd --data "$data" --set epochs=2 -q
has table 'NS/PARAMETER' 'Loss on the rows held out' '* adam  a sgd'
grep -q '^> *adam' "$tmp/table" && pass || fail "the given one is not marked: $(cat "$tmp/table")"
run none 4 plugin bench "$tmp/none.so"
run unknown 3 plugin bench adm --with sgd
has unknown.err "did you mean 'adam'"
run other 0 plugin bench adam --with no_such --set epochs=1 --json -q
has other '"error"' "no optimizer 'no_such'" 'and more (`hone plugin list`)'
run stdin 3 plugin bench adam --data -
run diverges 0 plugin bench sgd --with signsgd --set learningRate=10 --set epochs=2 --json -q
has diverges '"name": "signsgd"'

# What is wrong is found.
sh "$srcdir/tests/abi/bad/build.sh" "$tmp/bad" >/dev/null 2>&1 || (cd "$srcdir" && sh tests/abi/bad/build.sh "$tmp/bad") >/dev/null || exit 99
run nan 3 plugin check "$tmp/bad/update_nan.so"
has nan 'FAIL'
# wrong NAME EXPRESSION MESSAGE: the template's update() edited so gets this line.
wrong() {
    sed "$2" "$tmp/optimizer/my_optimizer.c" >"$tmp/$1.c"
    cmp -s "$tmp/$1.c" "$tmp/optimizer/my_optimizer.c" && fail "$1: the edit changes nothing"
    # shellcheck disable=SC2086
    ${CC:-cc} $flags -Wno-unused -o "$tmp/$1.so" "$tmp/$1.c" -lm || fail "$1.c does not compile"
    chmod go-w "$tmp/$1.so"
    run "$1" 3 plugin check "$tmp/$1.so"
    has "$1" "$3"
}
wrong exports 's/^static void update/__attribute__((visibility("default"))) void helper(void);\nvoid helper(void) {}\nstatic void update/' 'also helper'
wrong calls 's/^static void update/#include <stdlib.h>\nstatic void update/; s/    float lr = (float)c->lr/    if (s->n < 0)\n        exit(1);\n&/' 'it calls exit'
wrong before 's/^    for (int64_t i = 0/    s->param[-1] += 0.5f;\n&/' 'in front of its span'
wrong behind 's/^    for (int64_t i = 0/    memory[0] += 0 * s->param[s->n];\n&/' 'behind the end'
wrong gradient 's/^    for (int64_t i = 0/    ((float *)(uintptr_t)s->grad)[0] = 1;\n&/' 'changed the gradient'
wrong length 's/lr \* memory\[i\]/lr * memory[i] * (1 + 1e-3f * (float)s->n)/' 'shorter spans give other bits'
wrong rounding 's/^static void update/#include <fenv.h>\nstatic void update/; s/    float lr = (float)c->lr/    fesetround(FE_UPWARD);\n&/' 'it calls fesetround'
run gone 4 plugin check "$tmp/none.so"
sed 's/for (int64_t i = 0; i < s->n; i++)/for (int64_t i = 0; i < s->n + (s->n % 8 == 3); i++)/' "$tmp/optimizer/my_optimizer.c" >"$tmp/long.c"
sed 's/    float lr = (float)c->lr/    static float seen;\n    seen += 1;\n    float lr = (float)c->lr * (1 + seen * 1e-3f)/' "$tmp/optimizer/my_optimizer.c" >"$tmp/static.c"
for name in long static; do
    # shellcheck disable=SC2086
    ${CC:-cc} $flags -Wno-unused -o "$tmp/$name.so" "$tmp/$name.c" -lm || fail "$name.c does not compile"
    chmod go-w "$tmp/$name.so"
done
run long 3 plugin check "$tmp/long.so"
has long 'outside of its span'
run static 3 plugin check "$tmp/static.so"
has static 'goes on from its declared state alone'
sed 's/d\[k\] = (float)(w \* p \* (2 \* off - along))/d[k] = (float)(w * p * (2 * off))/' "$tmp/paradigm/my_paradigm.c" >"$tmp/slope.c"
# shellcheck disable=SC2086
${CC:-cc} $flags -o "$tmp/slope.so" "$tmp/slope.c" -lm && chmod go-w "$tmp/slope.so"
run slope 3 plugin check "$tmp/slope.so"
has slope 'd_scores is off'
for size in -2 '(INT64_C(1) << 38)'; do # negative; more than there is memory
    sed "s/^    return 2;/    return $size;/" "$tmp/metric/my_metric.c" >"$tmp/size.c"
    # shellcheck disable=SC2086
    ${CC:-cc} $flags -o "$tmp/size.so" "$tmp/size.c" -lm && chmod go-w "$tmp/size.so"
    run size 3 plugin check "$tmp/size.so"
    has size 'state_size()'
done

# Everything that is built here.
for so in "$builddir"/plugins/*/.libs/*.so; do
    run own 0 plugin check "$so"
done
finish
