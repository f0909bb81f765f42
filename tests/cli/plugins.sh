#!/bin/sh
# Plugins in use: an optimizer of one's own, broken ones that fail their job with the true cause, and what is listed and inspected.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"
flags="-std=c11 -O2 -shared -fPIC -fvisibility=hidden -I $srcdir/include"
# shellcheck disable=SC2086
${CC:-cc} $flags -o "$tmp/sign_descent.so" "$srcdir/tests/abi/example_optimizer.c" || exit 99
chmod go-w "$tmp/sign_descent.so"

run own 0 train --agent own --data "$data" --set optimizer="$tmp/sign_descent.so" --set epochs=3 --json -q
has own '"sign_descent"'
holds 'it learns' "$(thousandths own validation_accuracy)" -ge 100
HONE_PLUGIN_PATH=$tmp:$HONE_PLUGIN_PATH
export HONE_PLUGIN_PATH
run named 0 train --agent own --data "$data" --set optimizer=sign_descent --set epochs=3 --json -q
same 'by name and by path' "$(value named weights_sha256)" "$(value own weights_sha256)"
run list 0 plugin list --kind optimizer
has list sign_descent adamw
run inspect 0 plugin inspect adamw
has inspect weight_decay beta1
run inspect 0 plugin inspect "$tmp/sign_descent.so" --json
has inspect '"settings"'
run alias 0 plugin inspect keras:adamw
has alias 'optimizer adamw' 'As keras:adamw' 'keras:adamw: {"eps":1e-07,"weight_decay":0.004}' 'torch:adamw: the same defaults'
has alias "$(printf '%s' '0.004')"
run alias_json 0 plugin inspect optax:amsgrad --json
has alias_json '"alias": "optax:amsgrad"' '"name": "adam"'
run plain_json 0 plugin inspect adam --json
lacks plain_json '"alias": '
same 'amsgrad by the alias' "$(tr -d ' \n' <"$tmp/alias_json" | grep -o '"name":"amsgrad"[^}]*"default":[a-z]*' | sed 's/.*://')" true
same 'amsgrad by the name' "$(tr -d ' \n' <"$tmp/plain_json" | grep -o '"name":"amsgrad"[^}]*"default":[a-z]*' | sed 's/.*://')" false
run aliases 0 plugin list --kind optimizer
has aliases 'also torch:adamw, keras:adamw, optax:adamw'
run misspelt 4 plugin inspect torch:adamv
has misspelt.err "did you mean 'torch:adam'"
run absent 4 plugin inspect adamv
has absent.err "did you mean"

# Each of these loads, and goes wrong while it trains.
sh "$srcdir/tests/abi/bad/build.sh" "$tmp/bad" >/dev/null || exit 99
broken() { # broken NAME TEXT
    run "$1" 10 train --agent "$1" --data "$data" --set optimizer="$tmp/bad/$1.so" --set epochs=2 -q
    has "$1.err" "$2"
    run shown 0 job show latest --json
    has shown '"status": "failed"'
}
sanitized=no
nm "$builddir/hone-worker" 2>/dev/null | grep -q __asan_init && sanitized=yes
broken update_nan 'finite'
broken update_exit 'exit'
broken update_rounding 'rounding'
[ $sanitized = yes ] || broken update_segfault 'SIGSEGV'
run said 0 train --agent said --data "$data" --set optimizer="$tmp/bad/update_stdout.so" --set epochs=1 --json -q
has said '"status": "completed"'
lacks said 'hello'
finish
