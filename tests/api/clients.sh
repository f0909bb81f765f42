#!/bin/sh
# The unmodified npm client @base44/sdk in three versions against a daemon: every function, every kind of error, the document's own
# examples. npm installs the clients into the build folder once; without node, npm or its registry the test is skipped.
srcdir=${srcdir:-.}
. "$srcdir/tests/api/lib.sh"
clients=$builddir/tests/api/clients
versions='0.8.17 0.8.40 0.8.50'
command -v node >/dev/null && command -v npm >/dev/null || { echo "skipped: there is no node or no npm"; exit 77; }
major=$(node -p 'process.versions.node.split(".")[0]')
[ "$major" -ge 20 ] || { echo "skipped: node is older than 20"; exit 77; }
for v in $versions; do
    [ -d "$clients/$v/node_modules/@base44/sdk" ] && continue
    mkdir -p "$clients/$v"
    timeout 120 npm install --silent --no-audit --no-fund --ignore-scripts --no-save --prefix "$clients/$v" "@base44/sdk@$v" >"$tmp/npm" 2>&1 || {
        rm -rf "${clients:?}/$v"
        echo "skipped: npm could not install @base44/sdk@$v: $(tail -n 1 "$tmp/npm")"
        exit 77
    }
done

token=$(make_token admin)
serve
for v in $versions; do
    for script in functions examples; do
        node "$srcdir/tests/api/clients/$script.mjs" "$clients/$v" "$url" "$token" >"$tmp/$script-$v" 2>&1
        status=$?
        sed "s/^/$v: /" "$tmp/$script-$v" | grep -v 'passed,' | head -n 40
        line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$tmp/$script-$v" | tail -n 1)
        if [ -z "$line" ]; then
            fail "$script.mjs with $v ended with status $status and without a count"
            continue
        fi
        passed=$((passed + ${line%% *}))
        failed=$((failed + $(echo "$line" | sed 's/.*, \([0-9]*\) failed/\1/')))
    done
done
finish
