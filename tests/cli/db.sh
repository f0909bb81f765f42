#!/bin/sh
# `hone db` as an operator meets it: a backup is checked, refused when it is damaged or in the way, and restored; an old schema is told of and brought up.
# What happens when it is killed at any moment: tests/faults/sweep.sh, power.sh.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"
head -n 60 "$data" >"$tmp/rows.jsonl"
run train 0 train --agent kept --data "$tmp/rows.jsonl" --set epochs=1 --json -q
weights=$(value train weights_sha256)

# ---- sound, and a backup of it ----
run sound 0 db check
has sound.err 'The database is sound, and so are all' 'files that it names'
run sound 0 db check --json
has sound '"sound": true' '"faults": []'
run backup 0 db backup "$tmp/kept.tar"
has backup.err 'kept.tar has the database and'
holds 'only its owner reads it' "$(stat -c %a "$tmp/kept.tar")" = 600
(cd "$tmp" && hone db backup beside.tar -q) && cmp -s "$tmp/kept.tar" "$tmp/beside.tar"
holds 'a name without a folder is of this folder' -s "$tmp/beside.tar"

# ---- a state of which parts are gone or damaged ----
cp -r "$tmp/state" "$tmp/spoilt"
state=$tmp/spoilt
file=$(ls "$state"/jobs/*/weights.safetensors)
printf x | dd of="$file" bs=1 seek=200 conv=notrunc 2>/dev/null
run damaged 1 db check
has damaged weights.safetensors
has damaged.err "of the state's parts are damaged or missing; restore a backup"
rm "$file"
run gone 1 db check --json
has gone '"sound": false' 'weights.safetensors'
run incomplete 1 db backup "$tmp/incomplete.tar"
holds 'no backup of half a state' ! -e "$tmp/incomplete.tar"

# ---- restoring ----
state=$tmp/elsewhere
run restore 0 db restore "$tmp/kept.tar"
has restore.err "is in $state: the database and"
run there 0 job list --json
has there '"agent_name": "kept"' '"status": "completed"'
run whole 0 db check -q
same 'the same weights' "$(sha256sum "$state"/jobs/*/weights.safetensors | cut -c 1-64)" "$weights"
run answers 0 ask kept 'where is my order' --json
run in_the_way 5 db restore "$tmp/kept.tar"
has in_the_way.err 'with --force the backup takes its place'
run forced 0 db restore "$tmp/kept.tar" --force --json
has forced '"made_at": "20' '"files": '
holds 'what was there is kept' -e "$(ls -d "$state"/before-restore-*/hone.db)"
run none 4 db restore "$tmp/none.tar"
has none.err none.tar

# Each archive is refused for what is wrong with it, and nothing of it stays.
state=$tmp/refusing
refused() { # refused FILE TEXT
    run refused 1 db restore "$tmp/$1"
    has refused.err "$1" "$2"
    holds "$1 leaves no database" ! -e "$state/hone.db"
    holds "$1 leaves nothing" ! -e "$state/restore.new"
}
size=$(stat -c %s "$tmp/kept.tar")
printf 'this is no archive' >"$tmp/text.tar"
refused text.tar ''
: >"$tmp/empty.tar"
refused empty.tar 'the archive has no end'
head -c 700 "$tmp/kept.tar" >"$tmp/start.tar"
refused start.tar ends
head -c $((size / 2)) "$tmp/kept.tar" >"$tmp/half.tar"
refused half.tar ''
cp "$tmp/kept.tar" "$tmp/turned.tar"
printf x | dd of="$tmp/turned.tar" bs=1 seek=$((size / 2)) conv=notrunc 2>/dev/null
refused turned.tar ''
(cd "$tmp" && mkdir -p plain/data && echo x >plain/data/y && tar --format=ustar -cf foreign.tar -C plain data/y)
refused foreign.tar 'is no backup that hone has made'

# An archive that was made by hand: `hone db restore` writes only what a backup can hold, wherever the archive says it goes.
mkdir "$tmp/parts"
tar -xf "$tmp/kept.tar" -C "$tmp/parts"
first=$(tar -tf "$tmp/kept.tar" | head -n 1) second=$(tar -tf "$tmp/kept.tar" | sed -n 2p)
pack() { # pack FILE NAME...: an archive of these parts, in that order
    pack_to=$1
    shift
    tar --format=ustar --hard-dereference -cf "$tmp/$pack_to" -C "$tmp/parts" "$@"
}
# shellcheck disable=SC2046
pack again.tar $(tar -tf "$tmp/kept.tar")
state=$tmp/made_by_hand
run by_hand 0 db restore "$tmp/again.tar" -q
run by_hand 0 db check -q
state=$tmp/refusing
pack short.tar "$first" "$second"
refused short.tar 'found its end'
# shellcheck disable=SC2046
pack more.tar $(tar -tf "$tmp/kept.tar") "$first"
refused more.tar 'has more in it than it lists'
ln -s /etc/passwd "$tmp/parts/link"
# shellcheck disable=SC2046
pack tail.tar $(tar -tf "$tmp/kept.tar") link
refused tail.tar 'something else than plain files'
pack link.tar link
refused link.tar 'something else than plain files'
sed "s,\"$second\",\"../out\"," "$tmp/parts/$first" >"$tmp/changed" && mv "$tmp/changed" "$tmp/parts/$first"
pack out.tar "$first" "$second"
refused out.tar 'expected ../out'
sed 's/"format": *"[^"]*"/"format":"hone-backup-99"/' "$tmp/parts/$first" >"$tmp/changed" && mv "$tmp/changed" "$tmp/parts/$first"
pack newer.tar "$first"
run newer 8 db restore "$tmp/newer.tar"
has newer.err "has the format 'hone-backup-99', this program reads"

# ---- schemas ----
state=$tmp/elsewhere
run newest 0 db migrate
has newest.err 'the one of this program'
"$builddir/tests/faults/strike" old "$tmp/old" 2 || fail 'no database of an older schema'
state=$tmp/old
run dry 0 db migrate --dry-run
has dry.err 'The database has schema 2 and can be brought to' 'nothing was changed'
run dry 0 db migrate --dry-run --json
has dry '"from": 2' '"dry_run": true'
run brought 0 db migrate
has brought.err 'The database was brought from schema 2 to' 'and is sound'
state=$tmp/nothing_here
run nothing 4 db migrate
finish
