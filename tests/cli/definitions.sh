#!/bin/sh
# Every fault that the definition of a pipeline or of a sweep can have, one at a time, and its sentence; and odd ones that are right.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"

# wrong TEXT DEFINITION: `hone pipeline check` refuses it with that sentence, at a line of the file.
wrong() {
    printf '%s\n' "$2" >"$tmp/flow.conf"
    run wrong 3 pipeline check "$tmp/flow.conf" --json
    cat "$tmp/wrong.err" >>"$tmp/wrong"
    has wrong "$1"
}
right() { # right STEPS DEFINITION
    printf '%s\n' "$2" >"$tmp/flow.conf"
    run right 0 pipeline check "$tmp/flow.conf"
    has right "is well formed, $1 steps"
}
# step TEXT MEMBERS: a pipeline of a training and a step with these members.
step() {
    wrong "$1" 'parameters = { data = "x"; }; steps = { train = { do = "train"; agent = "a"; data = "${data}"; }; judge = { '"$2"' }; };'
}
gate='do = "gate"; require = "true";'

# ---- pipelines as a whole ----
wrong 'expected a group of 1 to ' 'name = "empty";'
wrong 'expected a group of 1 to ' 'steps = { };'
wrong 'expected a group of 1 to ' 'steps = [1];'
wrong 'expected a group of 1 to ' "steps = { $(awk 'BEGIN { for (i = 0; i < 70; i++) printf "s%d = { do = \"gate\"; require = \"true\"; }; ", i }') };"
wrong 'not a key of a pipeline' "stepps = { }; steps = { a = { $gate }; };"
wrong 'a pipeline has name, description, parameters, required, steps' "zzzzzz = 1; steps = { a = { $gate }; };"
wrong 'like parameters = { agent = \"support\"; };' "parameters = [1]; steps = { a = { $gate }; };"
wrong "'agnet' is no parameter of the pipeline" "parameters = { agent = \"\"; }; required = [\"agnet\"]; steps = { a = { $gate }; };"
wrong "'' is no parameter of the pipeline" "parameters = { agent = \"\"; }; required = [1]; steps = { a = { $gate }; };"
right 1 "description = \"d\"; parameters = { agent = \"x\"; }; required = [\"agent\"]; steps = { a = { $gate }; };"

# ---- steps ----
wrong "begins with a letter, and is not 'part'" "steps = { part = { $gate }; };"
wrong "begins with a letter, and is not 'part'" "steps = { Train = { $gate }; };"
wrong 'a parameter has this name, too' "parameters = { train = 1; }; steps = { train = { $gate }; };"
wrong 'expected a group with do =' 'steps = { train = "x"; };'
wrong 'expected a group with do =' 'steps = { train = { agent = "a"; }; };'
wrong "did you mean 'train'?" 'steps = { train = { do = "trian"; }; };'
wrong 'there are validate, generate, train' 'steps = { train = { do = "zzzzzzz"; }; };'
step "there is no step '(not a text)'" "$gate needs = [1];"
step "there is no step 'zzzzzzz'" "$gate needs = [\"zzzzzzz\"];"
step 'the step needs itself' "$gate needs = [\"judge\"];"
step 'expected a list of steps' "$gate needs = { train = 1; };"
step "there is no step 'trian'" "$gate needs = \"trian\";"
right 2 "steps = { train = { do = \"train\"; agent = \"a\"; data = \"d\"; }; judge = { $gate needs = [\"train\", \"train\"]; }; };"
step 'a gate has a condition' 'do = "gate";'
for retries in '"x"' -1 11 1.5; do
    step 'retries: expected a whole number from 0 to 10' "$gate retries = $retries;"
done
step 'cache: expected true or false' "$gate cache = 1;"
for otherwise in 1 '"go"'; do
    step 'otherwise: expected \"stop\" or \"fail\", of a gate' "$gate otherwise = $otherwise;"
done
step 'otherwise: expected \"stop\" or \"fail\", of a gate' 'do = "validate"; data = "x"; otherwise = "stop";'
step 'expected a text with an expression' 'do = "gate"; require = 1;'
step 'expected a text with an expression' "$gate when = true;"
step "does not need step 'train', whose result it refers to; add it to needs" 'do = "gate"; require = "train.x";'
step "'zzzzzzz' is neither a parameter of the pipeline nor a step" 'do = "gate"; require = "zzzzzzz";'
step "did you mean 'data'?" 'do = "gate"; require = "date == 1";'
step "'part' is neither" 'do = "gate"; require = "part == 1";'
step "'\${' has no }" 'do = "validate"; data = "${";'
step "did you mean 'format'?" 'do = "validate"; data = "x"; fromat = "csv";'
step 'is missing' 'do = "evaluate"; needs = "train";'

# ---- matrices ----
training='do = "train"; agent = "a"; data = "d";'
for matrix in '1' '()' '"x"'; do
    step 'groups, or a group of lists' "$training matrix = $matrix;"
done
step 'expected groups in the list' "$training matrix = [1, 2];"
step 'learningRate: expected a list that is not empty' "$training matrix = { learningRate = 1; };"
step 'learningRate: expected a list that is not empty' "$training matrix = { learningRate = []; };"
step 'a matrix has 1 to ' "$training matrix = { };"
step 'combinations' "$training matrix = { seed = [$(seq -s , 1 40)]; epochs = [$(seq -s , 1 40)]; };"
step "did you mean 'learningRate'?" "$training matrix = { learnigRate = [0.1]; };"
step 'epochs' "$training matrix = ( { epochs = 0; } );"
right 3 "steps = { train = { $training config = { epochs = 2; seed = 1; }; matrix = ( { config = { epochs = 3; }; }, { seed = 4; agent = \"b\"; } ); when = \"part == 1\"; }; judge = { $gate needs = \"train\"; }; };"

# ---- sweeps ----
# search TEXT LINES: a sweep that has these lines, too.
search() {
    wrong "$1" "agent = \"a\"; data = \"d\"; $2"
}
space='space = { learningRate = [0.01, 0.02]; };'
for space_of in 'space = { };' 'space = [1];'; do
    search 'expected a group that is not empty' "trials = 3; $space_of asha = { };"
done
search 'expected true or false' "$space refit = 1;"
search 'expected true or false' "$space deploy = \"yes\";"
wrong 'expected a text that is not empty' "agent = \"\"; data = \"d\"; $space"
wrong 'expected a text that is not empty' "agent = 1; data = \"d\"; $space"
wrong 'expected a text that is not empty' "agent = \"a\"; $space"
search 'expected a text that is not empty' "$space test = \"\";"
search "'zzzzzzz' is not known" "$space search = \"zzzzzzz\";"
search "did you mean 'accuracy'?" "$space objective = \"acuracy\";"
for member in 'holdout = 0.6' 'holdout = 0' 'holdout = "x"'; do
    search 'expected a number from 0.01 to 0.5' "$space $member;"
done
search 'expected a whole number from 1 to 10000' "$space trials = 1.5;"
search 'expected a whole number from 1 to 64' "$space batch = 65;"
search 'expected a whole number from 2 to 1000' "$space startup = 1;"
search 'expected a number from 0 to 1e+07' "$space seconds = -1;"
search 'not a key of a sweep' "$space zzzzzzz = 1;"
search 'expected a group of training keys' "$space config = [1];"
search 'expected a list of groups of training keys' "$space start = { epochs = 1; };"
search 'expected a group of training keys' "$space start = [1];"
search "did you mean 'epochs'?" "$space start = ( { epocs = 1; } );"
search 'epochs' "$space config = { epochs = 0; };"
search "there is no training key 'zzzzzzz'" 'space = { zzzzzzz = [1]; };'
search 'expected 1 to 100 values' 'space = { learningRate = []; };'
search 'expected 1 to 100 values' "space = { seed = [$(seq -s , 1 101)]; };"
search 'learningRate' 'space = { learningRate = [0.1, -1.0]; };'
search 'expected a list of values, or a range with min and max' 'space = { learningRate = 0.1; };'
search 'expected a list of values, or a range with min and max' 'space = { learningRate = { min = 0.1; }; };'
search "'mni' is not known" 'space = { learningRate = { mni = 0.1; max = 0.2; }; };'
search 'min must be below max' 'space = { learningRate = { min = 0.2; max = 0.1; }; };'
search 'on a logarithmic scale min must be above 0' 'space = { learningRate = { min = 0.0; max = 0.1; scale = "log"; }; };'
search "did you mean 'log'?" 'space = { learningRate = { min = 0.01; max = 0.1; scale = "lgo"; }; };'
search 'expected a whole number from 2 to 100' 'space = { learningRate = { min = 0.01; max = 0.1; steps = 1; }; };'
search 'learningRate' 'space = { learningRate = { min = -1.0; max = 0.1; }; };'
search 'learningRate' 'space = { learningRate = { min = 0.1; max = 1e6; }; };'
search 'a space has at most ' "space = { modelOptions = { $(awk 'BEGIN { for (i = 0; i < 70; i++) printf "k%d = [1, 2]; ", i }') }; };"
search "'reduktion' is not known" "$space asha = { reduktion = 3; };"
search 'asha decides how many epochs a trial has' 'space = { epochs = [1, 2]; }; asha = { reduction = 2; };'
search 'expected a whole number from 2 to 10' "$space asha = { reduction = 1; };"
search 'expected a whole number from 1 to 4' "$space config = { epochs = 4; }; asha = { min_epochs = 5; };"
printf '%s\n' 'agent = "a"; data = "d"; search = "grid"; start = ( { epochs = 3; } ); space = { epochs = { min = 1; max = 2; }; modelOptions = { hidden = { min = 4; max = 8; integer = true; }; }; };' >"$tmp/search.conf"
run searched 0 pipeline check "$tmp/search.conf"
has searched 'sweep: search is well formed'
finish
