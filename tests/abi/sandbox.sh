#!/bin/sh
# What a plugin can reach from a worker: escape.c tries it when it is probed, in init() and while it trains. Skipped where the kernel
# has no Landlock; system calls are tried where the build has a filter for them.
srcdir=${srcdir:-.}
. "$srcdir/tests/cli/lib.sh"
"$builddir/tests/abi/drive" "$builddir/hone-worker" '{"task":"probe","plugin_dirs":[]}' 20 >"$tmp/probe" 2>/dev/null </dev/null
if grep -q '"landlock":0' "$tmp/probe"; then
    echo "skipped: this kernel has no Landlock"
    exit 77
fi
calls=1
grep -q '"calls":false' "$tmp/probe" && calls=0
mkdir -p "$tmp/secret" "$tmp/plugins"
echo secret >"$tmp/secret/file"
${CC:-cc} -std=gnu11 -D_GNU_SOURCE -Wall -O1 -shared -fPIC -fvisibility=hidden -I "$srcdir/include" -D CALLS=$calls -D SECRET="\"$tmp/secret/file\"" -o "$tmp/plugins/escape.so" \
    "$srcdir/tests/abi/escape.c" || exit 99
A_SECRET=secret # which no worker is to see
export A_SECRET
run inspect 0 plugin inspect "$tmp/plugins/escape.so" --json
has inspect '"escape"'
lacks inspect 'got through'
run train 0 train --agent fenced --data "$data" --set epochs=2 --set optimizer="$tmp/plugins/escape.so" --set learningRate=0.5 --json
has train '"status": "completed"'
HONE_PLUGIN_PATH=$tmp/plugins:$HONE_PLUGIN_PATH run found 0 plugin list --json
has found '"escape"'
lacks found 'got through'
same 'the file is as it was' "$(cat "$tmp/secret/file")" secret
holds 'nothing was made' ! -e /tmp/hone-escape-dir
finish
