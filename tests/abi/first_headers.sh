#!/bin/sh
# Plugins built with the first released headers (tests/abi/headers-0.1, which nobody edits) load, pass and work, to the same bits as
# when the same sources are built with the headers of today.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"
old=$srcdir/tests/abi/headers-0.1
same 'the released headers are as they were' "$(cd "$old" && sha256sum -c SHA256SUMS 2>&1 | grep -c ': OK$')" "$(wc -l <"$old/SHA256SUMS")"
for kind in optimizer scheduler paradigm model metric report; do
    for from in old new; do
        mkdir -p "$tmp/$from"
        [ $from = old ] && include=$old || include=$srcdir/include
        # shellcheck disable=SC2086
        ${CC:-cc} -std=c11 -O2 -ffp-contract=off -shared -fPIC -fvisibility=hidden -I "$include" -o "$tmp/$from/first_$kind.so" \
            "$old/plugins/first_$kind.c" -lm || fail "$kind does not build with the $from headers"
        chmod go-w "$tmp/$from/first_$kind.so"
    done
    run inspect 0 plugin inspect "$tmp/old/first_$kind.so" --json
    has inspect '"abi": "0.1"'
    run check 0 plugin check "$tmp/old/first_$kind.so"
    has check '0 failed'
done
use() { # use FROM: trains and judges with plugins of one set of headers alone
    run "train_$1" 0 train --agent "$1" --data "$data" --set optimizer="$tmp/$1/first_optimizer.so" --set schedulerType="$tmp/$1/first_scheduler.so" \
        --set trainingType="$tmp/$1/first_paradigm.so" --set model="$tmp/$1/first_model.so" --set learningRate=0.003 --set epochs=3 --json -q
    run "judge_$1" 0 evaluate latest --test "$fresh" --criteria "$tmp/$1/first_metric.so" --json
    has "judge_$1" '"first_metric"'
    run "report_$1" 0 report latest --format "$tmp/$1/first_report.so"
    has "report_$1" 'Status: completed'
}
use old
use new
holds 'it learns' "$(thousandths train_old validation_accuracy)" -ge 300
same 'the same weights' "$(value train_old weights_sha256)" "$(value train_new weights_sha256)"
same 'the same result' "$(value judge_old first_metric)" "$(value judge_new first_metric)"
finish
