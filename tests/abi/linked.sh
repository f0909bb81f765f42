#!/bin/sh
# One program with the plugins of this build linked in, as --enable-static-plugins makes it: copied to a folder of its own it lists all of them,
# trains to the same bits as the program that loads them, takes plugins from files beside its own, and still runs none of them as `hone`.
srcdir=$(cd "${srcdir:-.}" && pwd)
. "$srcdir/tests/cli/lib.sh"
if grep -q '^S."STATIC_PLUGINS_TRUE".=""' "$builddir/config.status"; then
    program=$builddir/hone
else
    command -v objcopy >/dev/null || { echo 'skipped: no objcopy'; exit 77; }
    program=$builddir/tests/abi/one
    (unset MAKEFLAGS MAKELEVEL; make -s -C "$builddir" tests/abi/one) >"$tmp/made" 2>&1 || { cat "$tmp/made"; exit 1; }
fi
mkdir "$tmp/alone"
cp "$program" "$tmp/alone/any-name"
unset HONE_PLUGIN_PATH HONE_WORKER
one() {
    "$tmp/alone/any-name" --state "$tmp/one" "$@"
}

one plugin list --json >"$tmp/list" 2>"$tmp/list.err" && pass || fail "plugin list: $(cat "$tmp/list.err")"
built=$(grep -c PLUGIN "$builddir/core/program/plugins.h")
holds 'all plugins are listed' "$(grep -o '"path": *"(built in)/[^"]*"' "$tmp/list" | wc -l)" -eq "$built"
holds 'there are some' "$built" -gt 0
grep -q '"error"' "$tmp/list" && fail "some are refused: $(grep '"error"' "$tmp/list" | head -n 3)" || pass

one train --agent support --data "$data" --json >"$tmp/trained" 2>"$tmp/trained.err" && pass || fail "train: $(cat "$tmp/trained.err")"
"$builddir/hone" --state "$tmp/two" train --agent support --data "$data" --json >"$tmp/loaded" 2>&1 && pass || fail "train: $(cat "$tmp/loaded")"
weights() {
    sha256sum "$1"/jobs/*/weights.safetensors | cut -c 1-64
}
holds 'the weights are those of plugins from files' "$(weights "$tmp/one")" = "$(weights "$tmp/two")"
one ask support 'where is my parcel?' --json >"$tmp/answer" && grep -q '"output"' "$tmp/answer" && pass || fail 'it does not answer'

hash=$(sha256sum "$tmp/alone/any-name" | cut -c 1-64)
one plugin inspect adam --json | grep -q "\"sha256\": *\"$hash\"" && pass || fail 'the hash of a plugin is not that of the program'
one train --agent pinned --data "$data" --quiet --set plugins.pins="adam.so=$hash" >"$tmp/out" 2>&1 && pass || fail "a right pin: $(cat "$tmp/out")"
one train --agent pinned --data "$data" --quiet --set plugins.pins="adam.so=$(echo "$hash" | tr 0-9a-f 1-9a-f0)" >"$tmp/out" 2>&1
holds 'a wrong pin is refused' $? -ne 0
grep -q '(built in)/optimizers/adam.so: its SHA-256 is' "$tmp/out" && pass || fail "a wrong pin: $(cat "$tmp/out")"

# A plugin from a file, and one that is there under the same name.
${CC:-cc} -std=c11 -O2 -ffp-contract=off -fvisibility=hidden -shared -fPIC -I "$srcdir/include" -o "$tmp/sign_descent.so" \
    "$srcdir/tests/abi/example_optimizer.c" >"$tmp/out" 2>&1 && chmod go-w "$tmp/sign_descent.so" && pass || fail "the example does not build: $(cat "$tmp/out")"
HONE_PLUGIN_PATH=$tmp one train --agent other --data "$data" --set optimizer=sign_descent --quiet >"$tmp/out" 2>&1 && pass || fail "a plugin of a file: $(cat "$tmp/out")"
mkdir "$tmp/own" && sed 's/"sign_descent"/"adam"/' "$srcdir/tests/abi/example_optimizer.c" >"$tmp/own/adam.c"
${CC:-cc} -std=c11 -O2 -ffp-contract=off -fvisibility=hidden -shared -fPIC -I "$srcdir/include" -o "$tmp/own/adam.so" "$tmp/own/adam.c" && chmod go-w "$tmp/own" "$tmp/own/adam.so"
HONE_PLUGIN_PATH=$tmp/own one train --agent own --data "$data" --json >"$tmp/out" 2>&1 && one job show latest --json >"$tmp/shown" && grep -q "$tmp/own/adam.so" "$tmp/shown" && pass ||
    fail "HONE_PLUGIN_PATH does not come first: $(cat "$tmp/out" "$tmp/shown")"

# As a worker it is for hone alone.
"$tmp/alone/any-name" --as-worker >"$tmp/out" 2>&1
holds 'it is no worker for a user' $? -eq 2
grep -q 'is started by hone, not by hand' "$tmp/out" && pass || fail "as a worker: $(cat "$tmp/out")"

# A daemon whose file an upgrade has replaced starts workers of its own version.
"$tmp/alone/any-name" --state "$tmp/one" --json serve --listen 127.0.0.1:0 >"$tmp/served" 2>"$tmp/served.err" &
daemon=$!
trap 'kill $daemon 2>/dev/null; rm -rf "$tmp"' EXIT
i=0
until grep -qs listening "$tmp/served" || [ $i -ge 600 ] || ! kill -0 $daemon 2>/dev/null; do
    i=$((i + 1))
    sleep 0.1
done
printf '#!/bin/sh\nexit 3\n' >"$tmp/alone/new" && chmod +x "$tmp/alone/new" && mv -f "$tmp/alone/new" "$tmp/alone/any-name"
"$builddir/hone" --state "$tmp/one" ask support 'where is my parcel?' --json >"$tmp/answer" 2>&1 && grep -q '"output"' "$tmp/answer" && pass ||
    fail "after its file was replaced: $(cat "$tmp/answer" "$tmp/served" "$tmp/served.err")"
kill -TERM $daemon
wait $daemon
holds 'the daemon ends well' $? -eq 0
finish
