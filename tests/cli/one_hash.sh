#!/bin/sh
# One hash: the same training gives the same weights, checkpoints, history and report, bit for bit, whatever is around it: 1, 2, 3 or 8 threads, the
# locale, the time zone, the umask, the folder that it is begun in, where memory lies, the nice value. RUNS (12; 100 in the full tier), each with
# another combination. Locales are made where the system has their sources; those that cannot be had are named.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"
runs=${RUNS:-12}
case $data in /*) ;; *) data=$PWD/$data ;; esac
head -n 80 "$data" >"$tmp/rows.jsonl"

mkdir "$tmp/locales"
locales=C
for l in de_DE tr_TR; do
    if localedef -c -i $l -f UTF-8 "$tmp/locales/$l.UTF-8" >/dev/null 2>&1 || [ -d "$tmp/locales/$l.UTF-8" ]; then
        locales="$locales $l.UTF-8"
    else
        echo "without the locale $l.UTF-8, whose source is not installed"
    fi
done

# pick N WORD...: the N-th of the words, counted round and round.
pick() {
    pick_n=$1
    shift
    shift $((pick_n % $#))
    echo "$1"
}

# plain: the report without what belongs to one run alone: names, times, threads, memory.
plain() {
    LC_ALL=C sed -e 's/\(job\|agent\)_[0-9a-z]*/\1/g' -e '/"\(started_at\|completed_at\|duration_ms\|memory_usage_mb\)":/d' | LC_ALL=C awk '/"threads",?$/ { getline; next } { print }'
}

i=0
while [ $i -lt "$runs" ]; do
    threads=$(pick $i 1 2 3 8)
    # shellcheck disable=SC2086
    locale=$(pick $((i / 4)) $locales)
    zone=$(pick $((i / 3)) UTC Asia/Kathmandu America/St_Johns Pacific/Apia)
    mask=$(pick $((i / 5)) 022 077 002)
    near=$(pick $((i / 7)) '' "setarch -R")
    folder=$tmp/folder$((i % 6))/deeper
    mkdir -p "$folder"
    what="run $i ($threads threads, $locale, $zone, umask $mask)"
    (
        cd "$folder" && umask $mask && export LC_ALL="$locale" LOCPATH="$tmp/locales" TZ="$zone" FILLER="$(head -c $((i * 97)) /dev/zero | tr '\0' x)"
        # shellcheck disable=SC2086
        $near "$builddir/hone" --state "state$i" -q train --agent same --data "$tmp/rows.jsonl" --set epochs=3 --set checkpointInterval=1 --set "threads=$threads" \
            --set optimizer=adamw --set earlyStopping=false >"$tmp/trained" 2>&1 || { cat "$tmp/trained"; exit 1; }
        "$builddir/hone" --state "state$i" report latest --format json >"$tmp/report" || exit 1
        "$builddir/hone" --state "state$i" job export latest --format csv | cut -d , -f 1-8 >"$tmp/history"
        find "state$i/jobs" -name weights.safetensors -exec sha256sum {} + | cut -d ' ' -f 1
        plain <"$tmp/report" | sha256sum
        sha256sum <"$tmp/history"
    ) >"$tmp/hash"
    status=$?
    [ $status -eq 0 ] && [ "$(wc -l <"$tmp/hash" | tr -d ' ')" = 3 ] || { fail "$what: $(cat "$tmp/hash")"; break; }
    [ $i -gt 0 ] || { cp "$tmp/hash" "$tmp/first"; plain <"$tmp/report" >"$tmp/first_report"; }
    if cmp -s "$tmp/hash" "$tmp/first"; then
        pass
    else
        fail "$what: $(diff "$tmp/first" "$tmp/hash"; plain <"$tmp/report" | diff "$tmp/first_report" - | head -n 20)"
    fi
    rm -rf "$folder/state$i"
    i=$((i + 1))
done
# The hash must be able to differ: another seed is another training.
"$builddir/hone" --state "$tmp/other" -q train --agent same --data "$tmp/rows.jsonl" --set epochs=3 --set checkpointInterval=1 --set optimizer=adamw \
    --set earlyStopping=false --set seed=43 >/dev/null
[ "$(find "$tmp/other/jobs" -name weights.safetensors -exec sha256sum {} + | cut -d ' ' -f 1)" != "$(head -n 1 "$tmp/first")" ] && pass || fail 'another seed has the same weights'
echo "$i runs, one hash: $(head -n 1 "$tmp/first")"
finish
