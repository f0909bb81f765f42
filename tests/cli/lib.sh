# What the scripts of tests/cli share; each sources it first and ends with `finish`. Not a test itself.
# Needs nothing but a shell, the coreutils, sed, grep and awk.
srcdir=${srcdir:-.}
builddir=${abs_top_builddir:-$PWD}
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
data=$srcdir/etc/example/support.jsonl
fresh=$srcdir/etc/example/support-test.jsonl
passed=0
failed=0
# Nothing of the user's own settings reaches a test.
HOME=$tmp/home XDG_CONFIG_HOME=$tmp/home/config XDG_STATE_HOME=$tmp/home/state HONE_SYSCONFDIR=$tmp/home/etc
export HOME XDG_CONFIG_HOME XDG_STATE_HOME HONE_SYSCONFDIR
mkdir -p "$tmp/home"

pass() {
    passed=$((passed + 1))
}

fail() {
    echo "FAIL: $*"
    failed=$((failed + 1))
}

# finish: the closing line, and the script's exit status.
finish() {
    echo "$passed passed, $failed failed"
    [ $failed -eq 0 ]
    exit
}

hone() {
    "$builddir/hone" --state "${state:-$tmp/state}" "$@"
}

# run NAME STATUS ARGUMENT...: `hone ARGUMENT...` ends with that status; its output is in $tmp/NAME and $tmp/NAME.err.
run() {
    run_name=$1 run_status=$2
    shift 2
    hone "$@" >"$tmp/$run_name" 2>"$tmp/$run_name.err" </dev/null
    run_got=$?
    if [ $run_got = "$run_status" ]; then
        pass
    else
        fail "$run_name: exit status $run_got, expected $run_status: $(head -c 2000 "$tmp/$run_name") $(head -c 2000 "$tmp/$run_name.err")"
    fi
}

# has FILE TEXT...: $tmp/FILE has each text.
has() {
    has_file=$1
    shift
    for has_text in "$@"; do
        if grep -F -q -e "$has_text" "$tmp/$has_file"; then
            pass
        else
            fail "$has_file: expected '$has_text', got: $(head -c 3000 "$tmp/$has_file")"
        fi
    done
}

# lacks FILE TEXT...: $tmp/FILE has none of the texts.
lacks() {
    has_file=$1
    shift
    for has_text in "$@"; do
        if grep -F -q -e "$has_text" "$tmp/$has_file"; then
            fail "$has_file: must not have '$has_text': $(head -c 3000 "$tmp/$has_file")"
        else
            pass
        fi
    done
}

# same WHAT A B: two values are equal and not empty.
same() {
    if [ -n "$2" ] && [ "$2" = "$3" ]; then
        pass
    else
        fail "$1: '$2' and '$3'"
    fi
}

# holds WHAT CONDITION...: test(1) of the condition.
holds() {
    holds_what=$1
    shift
    if test "$@"; then
        pass
    else
        fail "$holds_what: $*"
    fi
}

# value FILE KEY: the first string or number behind that key in the JSON of $tmp/FILE.
value() {
    sed -n 's/.*"'"$2"'": *"\{0,1\}\([^",}]*\).*/\1/p' "$tmp/$1" | head -n 1
}

# thousandths FILE KEY: a number of the JSON, times 1000 and rounded.
thousandths() {
    value "$1" "$2" | awk '{ printf "%d", $1 * 1000 + 0.5 }'
}
