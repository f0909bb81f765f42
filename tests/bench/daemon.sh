#!/bin/sh
# The daemon beside its peers, all in one run on the same machine: how often a second monitorTrainingProgress answers (nginx with a static
# file of 1 KB, FastAPI with one row of SQLite), how often invokeAgent does on CLINC150, what 5,000 watchers of a job cost, how long it takes
# until startTrainingJob of 1,000 examples is durable, and how long a daemon with 10,000 jobs takes to start.
# Use: daemon.sh [monitor] [invoke] [watchers] [start] [recovery]; all without. ROUNDS (3) and SECONDS_EACH (5); medians are printed.
# It installs from Debian what is missing: nginx-light, wrk, python3-fastapi, python3-uvicorn, python3-uvloop, python3-httptools.
. "$(dirname "$0")/lib.sh"
top=$(cd "$(dirname "$0")/../.." && pwd)
rounds=${ROUNDS:-3} seconds_each=${SECONDS_EACH:-5}
parts=${*:-monitor invoke watchers start recovery}
started=
port=$((20000 + $$ % 20000)) # of nginx; FastAPI has the next one
trap 'for p in $started; do kill "$p" 2>/dev/null; done; wait; rm -rf "$tmp"' EXIT
sh "$top/etc/packages.sh" nginx-light wrk python3-fastapi python3-uvicorn python3-uvloop python3-httptools curl || exit 1

# serve OPTION...: a daemon; $url, $daemon and $token.
serve() {
    "$build/hone" --state "$tmp/served" token create --scope admin --json >"$tmp/token" 2>/dev/null
    token=$(value "$tmp/token" token)
    "$build/hone" --state "$tmp/served" serve --listen 127.0.0.1:0 --json --access-log none "$@" >"$tmp/serve.out" 2>"$tmp/serve.log" &
    daemon=$!
    started="$started $daemon"
    until grep -q listening "$tmp/serve.out"; do
        kill -0 $daemon 2>/dev/null || { cat "$tmp/serve.log"; exit 1; }
        sleep 0.01
    done
    url=http://$(sed -n 's/.*"\(127\.0\.0\.1:[0-9]*\)".*/\1/p' "$tmp/serve.out" | head -n 1)
}

end() { # end PROCESS
    kill "$1" && wait "$1" 2>/dev/null
    started=$(echo "$started" | sed "s/ $1\$//; s/ $1 / /")
}

# call FUNCTION BODY-FILE: the answer in $tmp/answer.
call() {
    curl -s -H "Authorization: Bearer $token" -H 'Content-Type: application/json' --data-binary "@$2" "$url/api/v2/functions/$1" >"$tmp/answer"
}

say() { # say FUNCTION TEXT: call() with a body of that text
    printf '%s' "$2" >"$tmp/body"
    call "$1" "$tmp/body"
}

# load NAME URL [LUA]: adds the rate to $tmp/NAME.rate and the 99th percentile in ms to $tmp/NAME.p99.
load() {
    wrk -t1 -c32 -d"$seconds_each" --latency ${3:+-s "$3"} "$2" >"$tmp/wrk"
    grep -q 'Non-2xx' "$tmp/wrk" && { cat "$tmp/wrk"; exit 1; }
    awk '/Requests\/sec/ { print $2 }' "$tmp/wrk" >>"$tmp/$1.rate"
    awk '$1 == "99%" { v = $2 + 0; if ($2 ~ /us$/) v /= 1000; else if ($2 !~ /ms$/) v *= 1000; print v }' "$tmp/wrk" >>"$tmp/$1.p99"
}

report() { # report NAME TEXT
    printf '%-40s %9.0f a second, p99 %6.2f ms\n' "$2" "$(median <"$tmp/$1.rate")" "$(median <"$tmp/$1.p99")"
}

examples() { # examples N: that many rows of the example desk as a JSON list, repeated as often as needed
    for i in $(seq $(($1 / 1000 + 1))); do cat "$top/etc/example/support.jsonl"; done | head -n "$1" | paste -s -d , | sed 's/^/[/; s/$/]/'
}

# train NAME FILE: an agent of that name in a state of its own, trained before there is a daemon; $job.
train() {
    rm -rf "$tmp/served"
    "$build/hone" --state "$tmp/served" train --agent "$1" --data "$2" -q >"$tmp/trained" 2>&1 || { cat "$tmp/trained"; exit 1; }
    job=$(awk '$1 == "job" { print $2 }' "$tmp/trained")
}

monitor() {
    train monitored "$top/etc/example/support.jsonl"
    serve
    printf 'wrk.method = "POST"\nwrk.body = "{\\"job_id\\":\\"%s\\"}"\nwrk.headers["Authorization"] = "Bearer %s"\nwrk.headers["Content-Type"] = "application/json"\n' \
        "$job" "$token" >"$tmp/monitor.lua"
    mkdir "$tmp/www"
    head -c 1024 /dev/zero | tr '\0' x >"$tmp/www/static"
    chmod -R a+rX "$tmp"
    cat >"$tmp/nginx.conf" <<X
daemon off; worker_processes $(nproc); pid $tmp/nginx.pid; error_log $tmp/nginx.log;
events { worker_connections 1024; }
http {
    access_log off; sendfile on; tcp_nopush on; open_file_cache max=16; keepalive_requests 100000000;
    client_body_temp_path $tmp; proxy_temp_path $tmp; fastcgi_temp_path $tmp; uwsgi_temp_path $tmp; scgi_temp_path $tmp;
    server { listen 127.0.0.1:$port; root $tmp/www; }
}
X
    nginx -c "$tmp/nginx.conf" -e "$tmp/nginx.log" &
    started="$started $!"
    PEER_DB=$tmp/peer.db PYTHONPATH=$top/tests/bench PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m uvicorn --workers "$(nproc)" --no-access-log \
        --log-level error --port $((port + 1)) peer_fastapi:app >"$tmp/uvicorn.log" 2>&1 &
    started="$started $!"
    until curl -s -o "$tmp/x" http://127.0.0.1:$port/static && curl -s http://127.0.0.1:$((port + 1))/monitor/job_1 | grep -q success; do sleep 0.2; done
    for i in $(seq "$rounds"); do
        load monitor "$url/api/v2/functions/monitorTrainingProgress" "$tmp/monitor.lua"
        load nginx "http://127.0.0.1:$port/static"
        load fastapi "http://127.0.0.1:$((port + 1))/monitor/job_1"
    done
    report monitor 'monitorTrainingProgress'
    report nginx 'nginx, static file of 1 KB'
    report fastapi 'FastAPI, async, one row of SQLite'
    awk -v m="$(median <"$tmp/monitor.rate")" -v n="$(median <"$tmp/nginx.rate")" -v f="$(median <"$tmp/fastapi.rate")" \
        'BEGIN { printf "monitorTrainingProgress has %.2f of the rate of nginx (goal 0.6), %.1f times that of FastAPI (goal 3)\n", m / n, m / f }'
    for p in $started; do kill "$p"; wait "$p" 2>/dev/null; done
    started=
}

invoke() {
    [ -n "$data" ] && [ -r "$data/clinc150/train.jsonl" ] || { echo 'invokeAgent: skipped, no clinc150/train.jsonl under HONE_DATA'; return; }
    train clinc "$data/clinc150/train.jsonl"
    serve
    {
        printf 'local bodies = {\n'
        sed -n 's/.*"input": *\("[^"]*"\).*/\1/p' "$data/clinc150/test.jsonl" | grep -v '[\\]' | head -n 2000 | sed 's/"/\\"/g; s/.*/"{\\"agent_id\\":\\"clinc\\",\\"top\\":TOP,\\"input\\":&}",/'
        printf '}\nlocal headers = { ["Authorization"] = "Bearer %s", ["Content-Type"] = "application/json" }\n' "$token"
        printf 'local ready, i = {}, 0\nfunction init() for k, b in ipairs(bodies) do ready[k] = wrk.format("POST", nil, headers, b) end end\n'
        printf 'function request() i = i %% #ready + 1 return ready[i] end\n'
    } >"$tmp/invoke.lua"
    for n in 0 3; do
        sed "s/TOP/$n/" "$tmp/invoke.lua" >"$tmp/invoke$n.lua"
        for i in $(seq "$rounds"); do
            load "invoke$n" "$url/api/v2/functions/invokeAgent" "$tmp/invoke$n.lua"
        done
        report "invoke$n" "invokeAgent, CLINC150, $n alternatives"
    done
    echo '(goal: 10,000 a second, p99 below 10 ms; every answer is recorded durably before it is told)'
    end $daemon
}

watchers() {
    rm -rf "$tmp/served"
    serve --set http.connectionsPerAddress=6000 --set http.connections=6000
    say createAgent '{"name":"watched"}'
    printf '{"agent_id":"watched","training_data":{"examples":%s},"config":{"epochs":10000,"earlyStopping":false,"threads":1}}' "$(examples 1000)" >"$tmp/job"
    call startTrainingJob "$tmp/job"
    job=$(value "$tmp/answer" job_id)
    [ -n "$job" ] || { cat "$tmp/answer"; exit 1; }
    before=$(awk '/VmRSS/ { print $2 }' "/proc/$daemon/status")
    "$build/tests/bench/watchers" "${url##*:}" "$token" "$job" 5000 >"$tmp/watchers" &
    watching=$!
    started="$started $watching"
    until grep -q connected "$tmp/watchers" || ! kill -0 $watching 2>/dev/null; do sleep 0.1; done
    sleep 1
    after=$(awk '/VmRSS/ { print $2 }' "/proc/$daemon/status")
    cat "$tmp/watchers"
    echo "the daemon's memory: $((before / 1024)) MB before, $((after / 1024)) MB with them (goal: 200)"
    end $watching
    end $daemon
}

start() {
    rm -rf "$tmp/served" "$tmp/ms"
    serve
    all=$(examples 1000)
    for i in $(seq 20); do
        say createAgent "{\"name\":\"start-$i\"}"
        printf '{"agent_id":"%s","training_data":{"examples":%s},"config":{"epochs":1}}' "$(value "$tmp/answer" agent_id)" "$all" >"$tmp/job"
        curl -s -o "$tmp/answer" -w '%{time_total}\n' -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
            --data-binary "@$tmp/job" "$url/api/v2/functions/startTrainingJob" | awk '{ print $1 * 1000 }' >>"$tmp/ms"
        job=$(value "$tmp/answer" job_id)
        [ -n "$job" ] || { cat "$tmp/answer"; exit 1; }
        until say getTrainingJob "{\"job_id\":\"$job\"}" && grep -q '"status": *"completed"' "$tmp/answer"; do sleep 0.05; done
    done
    echo "startTrainingJob of 1,000 examples: acknowledged after $(median <"$tmp/ms") ms (median of 20; goal: 20)"
    end $daemon
}

recovery() {
    rm -rf "$tmp/served" "$tmp/ms"
    "$build/tests/bench/fill" "$tmp/served" 10000 || exit 1
    for i in $(seq "$rounds"); do
        begin=$(date +%s%N)
        serve
        echo $((($(date +%s%N) - begin) / 1000000)) >>"$tmp/ms"
        kill -9 $daemon
        wait $daemon 2>/dev/null
        started=
    done
    echo "a daemon with 10,000 jobs, killed and started again: ready after $(median <"$tmp/ms") ms, a token's making included (goal: 2000)"
}

for part in $parts; do $part; done
