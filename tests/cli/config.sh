#!/bin/sh
# Layers of settings: who wins, what is told of it, and faults with their places.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"
shipped=$(ls "$srcdir/etc/presets") || exit 99
mkdir -p "$tmp/home/etc/hone" "$tmp/home/config/hone/presets" "$tmp/work"
# The program is run from a folder of its own, for its hone.conf.
builddir=$(cd "$builddir" && pwd)
data=$(cd "$(dirname "$data")" && pwd)/$(basename "$data")
cd "$tmp/work" || exit 99

# epochs SOURCE VALUE ARGUMENT...: what holds for epochs, and from where.
epochs() {
    want=$1 number=$2
    shift 2
    run key 0 config explain epochs --json "$@"
    same "epochs from $want" "$(value key value)" "$number"
    grep -F -q -e "\"source\": \"$want" "$tmp/key" && pass || fail "epochs should come from $want: $(grep '"source"' "$tmp/key")"
}

epochs 'built in' 10
echo 'training = { epochs = 11; };' >"$tmp/home/etc/hone/hone.conf"
epochs "$tmp/home/etc/hone/hone.conf:1" 11
printf '# mine\nn_epochs = 12;\n' >"$tmp/home/config/hone/hone.conf"
epochs "$tmp/home/config/hone/hone.conf:2" 12
echo 'epochs = 13;' >hone.conf
epochs 'hone.conf:1' 13
HONE_SET_EPOCHS=14
export HONE_SET_EPOCHS
epochs 'HONE_SET_EPOCHS' 14
echo 'epochs = 15;' >"$tmp/home/config/hone/presets/mine.conf"
run key 0 config explain epochs --preset mine --json
same 'a preset' "$(value key value)" 15
echo '{"epochs": 16}' >job.json
epochs 'job.json' 16 --preset mine --config job.json
epochs '--set' 17 --preset mine --config job.json --set num_train_epochs=17
run train 0 train --agent a --data "$data" --config job.json --set epochs=2 --set optimizerOptions.beta1=0.8 --json -q
has train '"epochs": 2' '"beta1": 0.8'
run show 0 config show
has show 'HONE_SET_EPOCHS' 'built in'
unset HONE_SET_EPOCHS
run preset 0 preset show bandit
has preset 'reinforcement' 'learningRate'
run preset 4 preset show nothing
has preset.err 'accurate, add-outputs, all-rows, bandit'
run presets 0 preset list
has presets mine
for preset in $shipped; do # found in a build tree
    has presets "${preset%.conf} "
    run shown 0 preset show "${preset%.conf}"
done
run unknown 4 config explain epoch
has unknown.err "did you mean 'epochs'"

# Faults: all at once, each with file, line and key.
printf 'training = {\n  epochs = 0;\n  batchsize = "x";\n  optimiser = "adam";\n};\n' >bad.conf
run bad 3 config show --config bad.conf
has bad.err 'bad.conf:2' 'bad.conf:3' 'bad.conf:4' 'epochs' 'optimizer'
run bad 3 train --agent b --data "$data" --config bad.conf --json
has bad '"success": false' '"code": "VALIDATION_ERROR"' '"line": 3'
HONE_SET_EPOCHS=0 "$builddir/hone" config show >out 2>err
same 'a fault of the environment' $? 3
grep -q HONE_SET_EPOCHS err && pass || fail "the variable is not named: $(cat err)"

# Settings by tensor: parts of one entry may come from different layers; names that stand for another library's defaults.
cat >parts.conf <<'PARTS'
training = { epochs = 1; optimizer = "adamw"; tensorOptions = { bias = { learningRate = 0.5; weightDecay = 0.25; }; }; };
PARTS
run parts 0 train --agent c --data "$data" --config parts.conf --set tensorOptions.bias.learningRate=0.125 --set 'tensorOptions.w*.freeze=false' --json -q
has parts '"learningRate": 0.125' '"weightDecay": 0.25' '"freeze": false'
run alias 0 train --agent c --data "$data" --set optimizer=keras:rmsprop --set epochs=1 --json -q
run spelt 0 train --agent c --data "$data" --set optimizer=rmsprop --set epochs=1 --set learningRate=0.001 --set optimizerOptions.alpha=0.9 \
    --set optimizerOptions.eps=1e-7 --json -q
has alias '"optimizer": "rmsprop"' '"alpha": 0.9'
same 'an alias is its defaults' "$(value alias weights_sha256)" "$(value spelt weights_sha256)"
run over 0 train --agent c --data "$data" --set optimizer=keras:rmsprop --set optimizerOptions.alpha=0.5 --set epochs=1 --json -q
has over '"alpha": 0.5'

refused() { # refused SETTING MESSAGE
    run refused 3 train --agent d --data "$data" --set "$1" --set epochs=1
    has refused.err "$2"
}
refused weightAveraging=mean 'expected none, ema or swa'
refused tensorOptions.nose.freeze=true "matches 'nose'"
refused tensorOptions.bias.freze=true 'tensorOptions.bias.freze: unknown'
refused tensorOptions.bias.freeze=1 'expected true or false'
refused tensorOptions.bias.learningRate=-1 'expected a number of at least 0'
refused tensorOptions.bias=3 'expected an object'
refused 'tensorOptions.*.freeze=true' 'leave no tensor to train'
refused optimizer=torch:lion 'of torch there are: adadelta'
run both 3 train --agent d --data "$data" --set optimizer=schedule_free_sgd --set weightAveraging=ema
has both.err 'serves an average of its own'
run none 3 train --agent d --data "$data" --set optimizer=ftrl --set tensorOptions.bias.weightDecay=0.1
has none.err "'ftrl' has no weight decay"
run whole 3 train --agent d --data "$data" --set optimizer=lbfgs --set tensorOptions.bias.learningRate=0.1
has whole.err 'moves all tensors by one rule'

# A number that libconfig would cut to 32 bits without a word; what is none of its numbers stays unseen.
printf '%s\n' '/* 99999999999' '*/ # 99999999999' 'training = {' '  optimizer = "a\"99999999999"; epochs = 2147483647; seed = 5000000000;' '};' >cut.conf
run cut 3 config show --config cut.conf
has cut.err 'cut.conf:4: 5000000000 does not fit into 32 bits; write 5000000000L'
printf 'training = { seed = 5000000000L; learningRate = 12345678901e-13; epochs = 0x7fffffff0L; };\n' >whole.conf
run long 3 config show --config whole.conf
has long.err 'epochs: expected a whole number from 1 to 10000, found 34359738352'
printf 'steps = {\n a = { do = "train"; agent = "a"; data = "x"; retries = 4294967297; };\n};\n' >cut_steps.conf
run cut_steps 3 pipeline check cut_steps.conf
has cut_steps.err 'cut_steps.conf:2: 4294967297 does not fit into 32 bits; write 4294967297L'
finish
