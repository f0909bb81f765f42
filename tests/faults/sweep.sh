#!/bin/sh
# One call after the other: a program is killed at its k-th write, sync, rename, ... (a write half done), or the call fails, for every k (every
# STEP-th, 8; STEP=1 for all). Afterwards the state is the old one or the new one, sound, and the same command does its work.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"
. "$srcdir/tests/faults/lib.sh"
make_shim
step=${STEP:-8}
strike=$builddir/tests/faults/strike
disk=$ram/disk
state=$disk/state

# struck DEED SKIP ARGUMENT...: `hone ARGUMENT...` on $state; sets seen, hits and status.
struck() {
    struck_deed=$1 struck_skip=$2
    shift 2
    rm -f "$tmp"/control*
    SHIM=$shim "$strike" run "$tmp" "$disk" "$struck_deed" "$struck_skip" "$builddir/hone" --state "$state" -q "$@" >"$tmp/struck.out" 2>"$tmp/struck.err"
    tail -n 1 "$tmp/struck.out" >"$tmp/struck"
    read -r seen hits status <"$tmp/struck"
}

# fresh FROM: $state is a copy of that directory.
fresh() {
    rm -rf "$disk"
    mkdir "$disk"
    [ -z "$1" ] || cp -a "$1" "$state"
}

# ---- migrations ----
newest=$(sed -n 's/.*schema_steps\[\] = {\(.*\)};.*/\1/p' "$srcdir/core/store/schema.c" | tr ',' '\n' | grep -c step_)
holds 'the schema has steps' "$newest" -ge 4
version=1
while [ "$version" -lt "$newest" ]; do
    rm -rf "$tmp/old"
    "$strike" old "$tmp/old" "$version" || fail "no database of schema $version"
    before=$("$strike" rows "$tmp/old" | sed 's/^ [0-9]* //')
    fresh "$tmp/old"
    struck none 0 db migrate
    same "schema $version is migrated" "$status" 0
    same "rows after schema $version" "$("$strike" rows "$state")" " $newest $before"
    all=$seen k=$((version % step))
    while [ "$k" -lt "$all" ]; do
        for deed in kill full error; do
            fresh "$tmp/old"
            struck $deed $k db migrate
            [ $deed = kill ] && [ "$status" != 137 ] && fail "schema $version, call $k: not killed but $status"
            [ "$status" -ge 128 ] && [ $deed != kill ] && fail "schema $version, call $k, $deed: the program died with $status"
            [ "$status" != 0 ] && [ $deed != kill ] && ! grep -q "$state" "$tmp/struck.err" && fail "schema $version, call $k, $deed: says $(cat "$tmp/struck.err")"
            after=$("$strike" rows "$state")
            case $after in
            " $version $before" | " $newest $before") passed=$((passed + 1)) ;;
            *) fail "schema $version, $deed at call $k: $after" ;;
            esac
            hone db migrate -q >"$tmp/again" 2>&1 || fail "schema $version, $deed at call $k: not migrated afterwards: $(cat "$tmp/again")"
            same "schema $version, $deed at call $k, afterwards" "$("$strike" rows "$state")" " $newest $before"
        done
        k=$((k + step))
    done
    version=$((version + 1))
done
fresh ''
"$strike" old "$state" "$newest"
run dry 0 db migrate --dry-run --json
has dry '"dry_run": true'

# ---- a newer schema is refused, and the file stays as it was ----
fresh ''
"$strike" old "$state" 1
run dry_old 0 db migrate --dry-run --json
has dry_old '"from": 1'
case $("$strike" rows "$state") in " 1 ok"*) pass ;; *) fail 'a dry run has migrated' ;; esac
printf '\0\0\0\143' | dd of="$state/hone.db" bs=1 seek=60 conv=notrunc 2>/dev/null # user_version 99
sum=$(sha256sum <"$state/hone.db")
run newer 8 db migrate
has newer.err 'newer version of hone' 'schema 99'
run newer_job 8 job list
timeout 30 "$builddir/hone" --state "$state" serve --listen 127.0.0.1:0 >"$tmp/serve" 2>&1
same 'a daemon refuses it too' $? 8
same 'the newer database is as it was' "$(sha256sum <"$state/hone.db")" "$sum"

# ---- training, backup, restore ----
fresh ''
head -n 60 "$data" >"$tmp/few.jsonl"
data=$tmp/few.jsonl
run first 0 train --agent first --data "$data" --set epochs=2 --set checkpointInterval=1 -q
run backup 0 db backup "$tmp/first.tar"
run sound 0 db check --json
has sound '"sound": true'
cp -a "$state" "$tmp/state.first"
run second 0 train --agent second --data "$data" --set epochs=2 -q
cp -a "$state" "$tmp/state.second"

fresh "$tmp/state.second"
struck none 0 db restore --force "$tmp/first.tar"
same 'a backup is restored' "$status" 0
all=$seen k=1
while [ "$k" -lt "$all" ]; do
    for deed in kill full; do
        fresh "$tmp/state.second"
        struck $deed $k db restore --force "$tmp/first.tar"
        run "restore_$k" 0 db check
        agents=$(hone agent list --json | grep -c '"name": "second"')
        jobs=$(find "$state/jobs" -name 'weights.safetensors' | wc -l)
        [ "$agents:$jobs" = 1:2 ] || [ "$agents:$jobs" = 0:1 ] || fail "restore, $deed at call $k: agents $agents, jobs $jobs"
    done
    k=$((k + 2 * step))
done

fresh "$tmp/state.first"
mkdir "$disk/out"
struck none 0 db backup "$disk/out/b.tar"
all=$seen k=0
while [ "$k" -lt "$all" ]; do
    fresh "$tmp/state.first"
    mkdir "$disk/out"
    struck kill $k db backup "$disk/out/b.tar"
    if [ -e "$disk/out/b.tar" ]; then
        (state=$disk/copy && hone db restore "$disk/out/b.tar" -q) >/dev/null 2>&1 || fail "backup killed at call $k: the archive cannot be restored"
    fi
    run "backup_$k" 0 db backup "$disk/out/b.tar"
    run "after_backup_$k" 0 db check
    holds "backup killed at call $k: nothing is left" ! -e "$state/backup.tmp"
    k=$((k + step))
done

# A backup that is damaged or cut changes nothing.
size=$(stat -c %s "$tmp/first.tar")
for at in 10 300 600 2000 100000 $((size - 2000)); do
    fresh "$tmp/state.second"
    cp "$tmp/first.tar" "$tmp/bad.tar"
    printf '\377\001' | dd of="$tmp/bad.tar" bs=1 seek=$at conv=notrunc 2>/dev/null
    hone db restore --force "$tmp/bad.tar" >/dev/null 2>"$tmp/bad.err" && ! cmp -s "$tmp/bad.tar" "$tmp/first.tar" && [ "$at" -lt $((size - 1024)) ] && fail "a backup damaged at $at was restored"
    run "bad_$at" 0 db check
    head -c "$at" "$tmp/first.tar" >"$tmp/cut.tar"
    hone db restore --force "$tmp/cut.tar" >/dev/null 2>&1 && fail "a backup cut at $at was restored"
    same "the state after a bad backup ($at)" "$(hone agent list --json | grep -c '"name": "second"')" 1
done

# `hone train`, killed at calls of its own and of its worker: what is there is sound, and goes on to the same weights.
want=$(state=$tmp/state.second hone job show latest --json | sed -n 's/.*"weights_sha256": "\(.*\)".*/\1/p')
fresh "$tmp/state.first"
struck none 0 train --agent second --data "$data" --set epochs=2 --set checkpointInterval=1
all=$seen k=3
holds 'training makes calls' "$all" -ge 40
while [ "$k" -lt "$all" ]; do
    fresh "$tmp/state.first"
    struck kill $k train --agent second --data "$data" --set epochs=2 --set checkpointInterval=1
    sleep 0.05 # the worker of a killed program ends
    run "train_$k" 0 db check
    case $(hone agent list --json | grep -c '"name": "second"') in
    1) if hone job resume latest -q >"$tmp/resumed" 2>&1; then
           same "training killed at call $k: the weights" "$(hone job show latest --json | sed -n 's/.*"weights_sha256": "\(.*\)".*/\1/p')" "$want"
       else
           fail "training killed at call $k: $(cat "$tmp/resumed")"
       fi ;;
    esac
    k=$((k + 3 * step))
done
finish
