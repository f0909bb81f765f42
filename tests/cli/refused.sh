#!/bin/sh
# What commands say of options, names and files that will not do, group by group: the exit status and the sentence. And what people see of the rest.
srcdir=$(cd "${srcdir:-.}" && pwd)
. "$srcdir/tests/cli/lib.sh"
head -n 60 "$data" >"$tmp/rows.jsonl"
rows=$tmp/rows.jsonl

# no STATUS TEXT ARGUMENT...: `hone ARGUMENT...` ends with STATUS and says TEXT.
no() {
    no_status=$1 no_text=$2
    shift 2
    run no "$no_status" "$@"
    grep -F -q -e "$no_text" "$tmp/no.err" && pass || fail "hone $*: expected '$no_text', got: $(cat "$tmp/no.err")"
}
# yes TEXT ARGUMENT...: `hone ARGUMENT...` is good, and what it prints or says has TEXT.
yes() {
    yes_text=$1
    shift
    run yes 0 "$@"
    cat "$tmp/yes.err" >>"$tmp/yes"
    has yes "$yes_text"
}

# ---- before anything is there ----
yes 'There are no jobs in' job list
yes 'There are no agents in' agent list
yes 'There are no runs' pipeline runs
yes 'There are no training modules' module list
no 4 "there is no agent 'a'" agent show a
no 4 'there is no job' job show latest
no 4 'there is no agent' ask a hello

# ---- words ----
no 2 'there is no option --nonsense' job list --nonsense
no 2 'did you mean --limit' job list --limt 3
no 2 '--json takes no value' job list --json=1
no 2 '--limit needs a value: --limit N' job list --limit
no 2 '--limit was given twice' job list --limit 1 --limit 2
no 2 'there is no option -x' job list -x
no 2 'before the command' --nonsense job list
no 2 "'b' is one argument too many for hone agent show; see \`hone agent show --help\`" agent show a b
# What stands there without its option is told where it belongs, and never to write over a file that is there.
no 2 'one argument too many for hone job list; write --agent b' job list b
no 2 "one argument too many for hone train; write --data $rows" train --agent a "$rows"
no 2 'write --data rows.csv' train rows.csv
no 2 'write --config more.conf' train --data rows.csv more.conf
no 2 'write --set epochs=3' train epochs=3
no 2 'write --set modelOptions.char_max=4' train modelOptions.char_max=4
no 2 "see \`hone train --help\`" train --agent a --data rows.csv --validation v.csv --config x.conf w.conf
no 2 'write --test fresh.jsonl' evaluate latest fresh.jsonl
no 2 "see \`hone report --help\`" report latest a b c d e f g h i "$rows"
no 2 'write --output new.html' report latest a b c d e f g h i new.html
no 2 "write --data $rows" module create "$rows"
no 2 "write --test $rows" generate m "$rows"
no 2 'write --config my.conf' serve my.conf
no 2 "see \`hone serve --help\`" serve 127.0.0.1:8080
no 2 "'rows.csv' is one argument too many for hone ask; put the text in quotes" ask a hello rows.csv
no 2 "'is' is one argument too many for hone ask; put the text in quotes" ask a what is this
no 2 'hone train needs --agent NAME and --data FILE; see' train
no 2 'hone train needs --data FILE; see' train --agent a
no 2 'hone train needs --agent NAME; see' train --data "$rows"
no 2 'hone module create needs --name NAME and --data FILE' module create
no 2 'hone agent deploy needs AGENT VERSION' agent deploy a
no 2 'there are: list, show' agent made
for word in -h -qh -vh; do
    yes 'hone job list --agent support' job list $word
done
yes "hone $(sed -n 's/^#define PACKAGE_VERSION "\(.*\)"/\1/p' "$builddir/config.h")" --version
for limit in x -1 1e9 '' nan 5x; do
    no 2 "--limit is '$limit'; expected a number from 0 to 1e+06" job list --limit "$limit"
    no 2 "--limit is '$limit'; expected a number from 1 to 200" module list --limit "$limit"
done

# ---- training, and bases of it ----
run a 0 train --agent a --data "$rows" --set epochs=3 --set checkpointInterval=1 --json -q
job=$(value a job_id)
weights=$tmp/state/$(value a weights_file)
same 'a job of the agent' "$(hone job list --agent a --status completed --json | grep -c '"job_id"')" 1
yes 'There are no jobs in' job list --status failed
no 3 "status: 'done' is none of: " job list --status done
hone monitor latest --checkpoints --json >"$tmp/checkpoints" 2>/dev/null
checkpoint=$(sed -n 's/.*"id": "\(ckpt_[^"]*\)".*/\1/p' "$tmp/checkpoints" | tail -n 1)
for base in a agent:a "$job" "job:$job" latest job:latest "$checkpoint" "checkpoint:$checkpoint" "file:$weights" "$weights"; do
    run based 0 train --agent b --data "$rows" --set base="$base" --set epochs=1 --json -q
    has based '"taken"'
done
cd "$tmp" || exit 99
cp "$weights" plainly
run based 0 train --agent b --data "$rows" --set base=plainly --set epochs=1 --json -q
no 3 'config.base: a base cannot come from standard input; give a file' train --agent b --data "$rows" --set base=file:-
no 4 "config.base: there is no checkpoint 'x'; jobs keep their two newest" train --agent b --data "$rows" --set base=checkpoint:x
no 4 "config.base: there is no agent, job, checkpoint or file 'ckpt_x'" train --agent b --data "$rows" --set base=ckpt_x
no 4 "config.base: there is no job 'x'" train --agent b --data "$rows" --set base=job:x
no 4 "config.base: there is no agent 'x'" train --agent b --data "$rows" --set base=agent:x
no 4 'config.base: nobody: cannot open' train --agent b --data "$rows" --set base=file:nobody
no 4 'config.json: cannot open' train --agent b --data "$rows" --set base="$tmp"
mkdir llama
no 4 'llama/config.json: cannot open' train --agent b --data "$rows" --set base=llama
cp "$weights" "$tmp/kept"
chmod +w "$weights" && echo >>"$weights"
no 1 'the file is damaged' train --agent b --data "$rows" --set base="$job"
cat "$tmp/kept" >"$weights"

no 3 'learningRate: expected a number above 0, at most 10, found "abc"' train --agent b --data "$rows" --set learningRate=abc
lacks no.err 'without quotes'
echo '{"learningRate": "0.1"}' >quoted.json
no 3 'found "0.1"; write the number without quotes' train --agent b --data "$rows" --config quoted.json

# ---- asking ----
no 2 'hone ask needs a text, - or --batch FILE' ask a
no 2 'give a text or --batch FILE, not both' ask a hello --batch "$rows"
no 2 '--output goes with --batch FILE' ask a hello --output x
no 2 "--top is 'x'; expected a number from 0 to 1000" ask a hello --top x
no 2 "--threshold is '2'; expected a number from 0 to 1" ask a hello --threshold 2
no 3 'the text is empty; ask something' ask a ' 	'
no 3 'would be overwritten by its answers' ask a --batch "$rows" --output "$rows"
no 1 'cannot' ask a --batch "$rows" --output "$tmp/none/answers"
no 2 "--explore is 'luck'; expected epsilon_greedy, softmax or squarecb" ask a hello --explore luck
no 2 'expected a number from 0 to 1 behind the colon' ask a hello --explore epsilon_greedy:2
no 2 'expected a number from 0.001 to 1000 behind the colon' ask a hello --explore softmax:
no 2 'expected a number from 0 to 1e+12 behind the colon' ask a hello --explore squarecb:1x
no 2 '--explore records each answer with its probability' ask a --batch "$rows" --explore softmax
no 2 '--explore records each answer with its probability' ask a hello --explore softmax --threshold 0.5
no 2 "--seed is 'x'" ask a hello --explore softmax --seed x
no 2 "--top-p is '0'; expected a number from 1e-09 to 1" ask a hello --top-p 0
no 2 "--max-tokens is '1e7'" ask a hello --max-tokens 1e7
no 3 'this agent chooses among its outputs and writes nothing' ask a hello --temperature 1 --stop x
hone ask a - </dev/null >"$tmp/said" 2>&1
same 'nothing asked' $? 3
has said 'standard input is empty; expected one text a line'
printf 'a\0b\n' | hone ask a - >"$tmp/said" 2>&1
has said 'standard input has a NUL byte; expected UTF-8 text'
printf 'a\nb\303\n' | hone ask a - >"$tmp/said" 2>&1
has said 'text 2 is not valid UTF-8 at byte 2'
printf 'where is my order\r\n\ncancel it' | hone ask a - --threshold 0 --top 1 >"$tmp/said" 2>&1
same 'an answer and its alternative a line' "$(wc -l <"$tmp/said")" 6
yes 'recorded as intr_' ask a hello --threshold 1
yes 'drawn with probability' ask a hello --explore epsilon_greedy:1 --seed 4
yes '` says how good it was: correct, partial or incorrect' ask a 'where is my order' --explore epsilon_greedy:0
lacks yes 'drawn with'
yes '60 answers in' ask a --batch "$rows" --output "$tmp/answers"

# ---- feedback and adaptation ----
no 4 'intr_x' feedback intr_x correct
no 2 "--rating is '2'; expected a number from 0 to 1" feedback intr_x --rating 2
hone ask a hello --json >"$tmp/asked" 2>/dev/null
intr=$(value asked interaction_id)
no 3 'correct' feedback "$intr" great
no 3 'feedback' feedback "$intr"
yes 'right answer' feedback "$intr" incorrect --answer refund
yes 'refund' feedback "$intr" --rating 0.5 --answer refund
no 2 '--canary-share goes with --auto-apply' adapt a --canary-share 0.5
no 2 "--window is '0'; expected a number from 1 to 90" adapt a --window 0
no 2 "--wrong-cost is '-1'" adapt a --wrong-cost -1
yes 'nothing that these interactions can show' adapt a --window 2 --wrong-cost 3
yes 'Nothing was applied' adapt a --auto-apply --canary-share 0.5

# ---- judging ----
no 4 "there is no job '$rows'; hone job list shows those that exist; $rows is a file: write --test $rows" evaluate "$rows"
no 4 "$rows is a file: write --test $rows" compare a "$rows"
no 4 "there is no job 'nowhere'; hone job list shows those that exist" evaluate nowhere
no 2 '--log estimates rewards of a log' evaluate latest --log "$rows" --test "$rows"
no 2 '--log estimates rewards of a log' evaluate latest --log "$rows" --criteria accuracy
no 2 '--policy and --switch-at go with --log FILE' evaluate latest --policy best
no 2 '--policy and --switch-at go with --log FILE' evaluate latest --switch-at 3
no 2 "--policy is 'worst'; expected best or softmax" evaluate latest --log "$rows" --policy worst
no 2 "--switch-at is '-1'" evaluate latest --log "$rows" --switch-at -1
no 3 'learning_curve' evaluate latest --learning-curve sometimes
no 4 'nowhere' evaluate latest --test nowhere
no 4 'nowhere' evaluate latest --log nowhere
no 4 'nowhere' evaluate latest --rules nowhere --criteria safety
no 3 "did you mean 'accuracy'" evaluate latest --criteria accurracy
no 4 'job_x' evaluate latest --benchmark job_x
yes 'Against job_' evaluate latest --benchmark "$job" --test "$fresh"
no 2 "'x.html' is one argument too many: only a report with --type comparison is about several jobs; --output FILE" report latest x.html
no 2 'is one argument too many: only a report with' report latest "$job" --type executive
no 3 "known are csv, jsonl and tensorboard" job export latest --format xml
no 4 'there is no job' job export job_x
yes 'bytes' job export latest --format tensorboard --output "$tmp/events"
no 1 'cannot' job export latest --output "$tmp/none/history"
yes '{"epoch":1,' job export latest --format jsonl
no 2 "--days is '0'" token create --days 0

# ---- modules and generation ----
no 2 'hone module create needs --name NAME' module create --data "$rows"
no 2 'hone module create needs --data FILE' module create --name m
no 4 'nowhere' module create --name m --data nowhere
yes 'Next: hone generate module_' module create --name m --data "$rows" --description 'of a test'
run twice 0 module create --name m --data "$rows" --json
no 3 "2 are called 'm'; name the training module by its id" generate m
yes 'is removed' module delete "$(value twice module_id)"
no 4 "there is no training module 'n'" module show n
no 4 "there is no training module 'n'" module delete n
no 4 "there is no training module 'n'" generate n
no 2 "--count is '51'; expected a number from 1 to 50" generate m --count 51
no 2 "--per-output is '0'" generate m --per-output 0
no 2 "--seed is '-1'" generate m --seed -1
no 2 "--surplus is '0.5'" generate m --surplus 0.5
no 2 '--options: expected {"GENERATOR": {"SETTING": VALUE}}' generate m --options '[]'
no 2 '--options' generate m --options '{'
no 2 "--options has settings for 'edit', which is none of the generators" generate m --generators template --options '{"edit":{}}'
no 3 "did you mean 'template'" generate m --generators templat
no 3 'no_such' generate m --generators template --options '{"template":{"no_such":1}}'
no 3 "difficulty: 'odd' is none of: " generate m --difficulty odd
no 3 'nothing' generate m --for nothing
no 4 'nowhere' generate m --test nowhere
no 3 'sample_count' generate m --count 2 --per-output 2
yes 'covered' generate m --count 3 --surplus 2 --generators template --options '{"template":{"join":0}}'
yes '"synthetic":true' generate m --count 3 --output -
yes 'covered' generate m --count 3 --output "$tmp/new.jsonl" --no-keep
same 'rows in the file' "$(wc -l <"$tmp/new.jsonl")" 3
no 1 'cannot' generate m --count 3 --output "$tmp/none/new.jsonl"
yes 'Generated from it' module show m
yes 'of a test' module show m --json
yes ' is removed; datasets' module delete m

# ---- pipelines ----
no 2 "'x': expected NAME=VALUE" pipeline run nothing x
no 2 "'=x': expected NAME=VALUE" pipeline check nothing =x
no 4 "there is no run of 'nothing' that is paused or has failed" pipeline resume nothing
no 4 "there is no run of 'nothing' that is paused or has failed" pipeline resume "$tmp/nothing.conf"
no 4 "there is no run 'run_x'" pipeline resume run_x
no 4 "there is no run 'run_x'" pipeline show run_x
no 4 "there is no run 'run_x'" pipeline cancel run_x
no 4 "there is no run 'run_x'" sweep run_x
no 2 "--workers is '0'; expected a number from 1 to 64" sweep nothing --workers 0
no 2 "--limit is 'x'" pipeline runs --limit x
no 3 "status: 'odd' is none of: " pipeline runs --status odd
yes '| `do` | every step' pipeline list --markdown
yes 'nightly-retrain' pipeline list --json
cat >"$tmp/flow.conf" <<END
steps = {
    check = { do = "validate"; data = "$tmp/later.jsonl"; };
    after = { do = "gate"; needs = "check"; require = "true"; };
};
END
yes 'pipeline: flow is well formed, 2 steps' pipeline check flow.conf
yes 'NEEDS' pipeline show flow.conf
no 1 'none/flow.svg' pipeline show flow.conf --svg "$tmp/none/flow.svg"
no 10 'Mended? Go on with: hone pipeline resume run_' pipeline run flow.conf
no 10 'later.jsonl' pipeline run flow.conf -q
cp "$rows" "$tmp/later.jsonl"
yes 'check: completed' pipeline resume flow.conf
yes 'flow' pipeline runs --limit 1 --status failed
cat >"$tmp/search.conf" <<END
agent = "tuned"; data = "$rows"; trials = 2; batch = 2; search = "grid"; objective = "accuracy"; space = { learningRate = [0.01, 0.02]; };
config = { epochs = 1; checkpointInterval = 0; };
END
yes 'trained as' sweep search.conf
has yes 'winner' 'fresh rows' 'tried              2 configurations in'
yes 'winner' pipeline show latest
no 3 'a sweep has no graph; --svg is for pipelines' pipeline show latest --svg x.svg
no 3 'a sweep has no graph; --svg is for pipelines' pipeline show search.conf --svg x.svg
yes 'sweep: search is well formed' pipeline check search.conf
no 5 'completed' pipeline cancel latest

# ---- settings ----
no 2 'hone config explain needs a KEY' config explain
no 4 "did you mean 'epochs'" config explain epocs
no 4 "there is no preset 'quik'; there are: accurate, " preset show quik
yes 'also called' config explain learningRate
yes 'optimizerOptions' config explain optimizerOptions.beta1
no 4 'nowhere.conf' config show --config nowhere.conf

# ---- models ----
no 2 "--shard-mb is '0'; expected a number from 1 to 1e+06" model export a folder --shard-mb 0
no 4 "there is no agent 'x'" model export x folder
no 3 "model 'linear' has no form that others read" model export a folder
no 4 'config.json: cannot open' model import "$tmp" out.safetensors
no 4 'nowhere: cannot open' model import nowhere out.safetensors
no 3 'expected a folder with config.json' model import "$rows" out.safetensors

# ---- tokens, webhooks ----
no 4 'nowhere: cannot open' job list --server http://127.0.0.1:1 --token-file nowhere
no 4 'nowhere: cannot open' serve --listen 127.0.0.1:0 --tls-cert nowhere --tls-key nowhere
no 3 'events' webhook add https://example.com/ --events odd
no 3 'url' webhook add https://
run hook 0 webhook add https://example.com/hook --events training.completed,training.failed --description d
has hook 'training.completed, training.failed' enabled Secret
has hook.err 'The secret is not shown again'
wh=$(sed -n 's/^Webhook  *//p' "$tmp/hook")
no 2 '--enable and --disable exclude each other' webhook update "$wh" --enable --disable
yes disabled webhook update "$wh" --disable
yes 'https://example.com/other' webhook update "$wh" --enable --url https://example.com/other --events '*'
yes "$wh" webhook list
yes 'There are no webhooks' webhook list --after "$wh"
no 2 "--overlap is '721'" webhook rotate "$wh" --overlap 721
yes whsec_ webhook rotate "$wh" --overlap 0
no 8 'daemon' webhook test "$wh"
no 4 'wh_x' webhook update wh_x --enable
no 4 'wh_x' webhook rotate wh_x
no 4 'wh_x' webhook deliveries wh_x
no 4 'x' webhook redeliver x
run deliveries 0 webhook deliveries
yes 'is removed, with its deliveries' webhook remove "$wh"
no 4 "$wh" webhook remove "$wh"

# ---- jobs and versions ----
no 4 'job_x' job resume job_x
no 5 'completed' job pause latest
no 5 'completed' job cancel latest
yes 'there is nothing to resume' job resume latest
no 4 '9' agent deploy a 9
no 4 'job_x' agent deploy a job_x
no 8 'has no version that answered before' agent rollback a
no 5 'with' job delete "$job"
yes deleted job delete "$job" --with-versions
no 4 "$job" job delete "$job"
finish
