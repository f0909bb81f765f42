#!/bin/sh
# From a fresh checkout to an agent that answers, on Debian: installs what is needed, builds in build/, trains an agent on the
# example desk in etc/example, evaluates it on fresh questions and asks it one. Safe to run again, from anywhere: what has not
# changed is not done again.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
build=$top/build
state=$build/quickstart-state
data=$top/etc/example/support.jsonl
fresh=$top/etc/example/support-test.jsonl
question='my kettle came with a crack in it'

say() {
    printf '\n== %s\n' "$*"
}

# hone COMMAND...: the program that was built, with the state of this quickstart.
hone() {
    HONE_PLUGIN_PATH="$build/plugins" "$build/hone" --state "$state" "$@"
}

say "Packages"
sh "$top/etc/packages.sh"

say "Build in $build, which takes minutes the first time"
sh "$top/etc/build.sh" build

say "Train an agent on $(wc -l <"$data") examples of a support desk"
if [ "$state/trained" -nt "$data" ] && [ "$state/trained" -nt "$build/hone-worker" ]; then
    echo "It is trained already, and neither the examples nor the program have changed since."
else
    hone train --agent support --data "$data"
    touch "$state/trained"
fi

say "Evaluate it on $(wc -l <"$fresh") fresh questions"
hone evaluate latest --test "$fresh"

say "Ask it: $question"
hone ask support "$question"

cat <<END

Next, for example:
  alias hone='$build/hone --state $state'
  hone ask support "can i pay in parts?"          another question
  hone job show latest                            what was trained, with every setting
  hone train --agent mine --data FILE             your own examples: JSONL, CSV, fastText and more
  hone config explain epochs                      what a setting does and where its value comes from
  hone plugin list                                models, optimizers, schedulers, metrics, reports
README.md goes on from here.
END
