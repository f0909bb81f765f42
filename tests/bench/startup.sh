#!/bin/sh
# How long the program takes to start: `hone --version` and `hone plugin list`, median of 20.
. "$(dirname "$0")/lib.sh"
for command in '--version' 'plugin list'; do
    for i in $(seq 20); do
        begin=$(date +%s%N)
        # shellcheck disable=SC2086
        "$build/hone" --state "$tmp/state" $command >/dev/null
        echo $((($(date +%s%N) - begin) / 1000))
    done | median | awk -v c="$command" '{ printf "hone %s: %.1f ms\n", c, $1 / 1000 }'
done
