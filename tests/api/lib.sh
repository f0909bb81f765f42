# What the scripts of tests/api share, on top of tests/cli/lib.sh: a daemon of the script's own on a port that the system chooses, tokens,
# and at the end the search for secrets in everything that the daemon wrote. Not a test itself.
. "$srcdir/tests/cli/lib.sh"
state=${state:-$tmp/state}
daemon=
: >"$tmp/secrets"
trap 'stop_daemon; rm -rf "$tmp"' EXIT

# serve OPTION...: starts the daemon; $url and $daemon (its process). Its messages are in $tmp/serve.log, its access log in $tmp/access.log.
serve() {
    : >"$tmp/serve.out"
    "$builddir/hone" --state "$state" serve --listen 127.0.0.1:0 --json "$@" >"$tmp/serve.out" 2>>"$tmp/serve.log" </dev/null &
    daemon=$!
    serve_tries=0
    while ! grep -q listening "$tmp/serve.out"; do
        serve_tries=$((serve_tries + 1))
        if [ $serve_tries -gt 200 ] || ! kill -0 $daemon 2>/dev/null; then
            echo "the daemon did not start: $(tail -n 5 "$tmp/serve.log")"
            echo "0 passed, 1 failed"
            exit 1
        fi
        sleep 0.05
    done
    url=http://$(sed -n 's/.*"\(127\.0\.0\.1:[0-9]*\)".*/\1/p' "$tmp/serve.out" | head -n 1)
}

# stop_daemon: SIGTERM; its exit status.
stop_daemon() {
    [ -n "$daemon" ] || return 0
    kill -TERM "$daemon" 2>/dev/null
    wait "$daemon"
    stop_status=$?
    daemon=
    return $stop_status
}

# secret TEXT...: what must be in no log.
secret() {
    printf '%s\n' "$@" >>"$tmp/secrets"
}

# make_token SCOPE ARGUMENT...: prints a new token, which is a secret from then on.
make_token() {
    made_scope=$1
    shift
    hone token create --scope "$made_scope" "$@" --json >"$tmp/token" 2>"$tmp/token.err" || { cat "$tmp/token.err" >&2; return 1; }
    made=$(value token token)
    rm -f "$tmp/token"
    secret "$made" "$(echo "$made" | cut -d _ -f 3)"
    echo "$made"
}

# finish: the daemon ends well, no secret is in what was logged, the closing line.
finish() {
    if [ -n "$daemon" ]; then
        stop_daemon
        same 'the daemon ends well' $stop_status 0
    fi
    while read -r one; do
        [ -n "$one" ] || continue
        for log in "$tmp"/*.log; do
            grep -F -q -e "$one" "$log" && fail "a secret is in $(basename "$log"): $(grep -F -e "$one" "$log" | head -n 1 | cut -c 1-300)"
        done
    done <"$tmp/secrets"
    pass
    echo "$passed passed, $failed failed"
    [ $failed -eq 0 ]
    exit
}
