#!/bin/sh
# The daemon under systemd, as far as that goes without booting one: the unit is well-formed and closed as it says, a socket handed over is served, the
# certificate among the credentials is taken, READY comes when requests are answered, and signs of life follow.
srcdir=${srcdir:-.}
. "$srcdir/tests/api/lib.sh"

unit=$abs_top_builddir/etc/systemd/hone.service
make -s -C "$abs_top_builddir" etc/systemd/hone.service && pass || fail 'the unit is not made'
grep -q '@[a-z]*@' "$unit" && fail "the unit has a name that was not replaced: $(grep '@[a-z]*@' "$unit")" || pass
if command -v systemd-analyze >/dev/null; then
    systemd-analyze security --offline=true --threshold=15 --no-pager "$unit" >"$tmp/exposure" 2>&1 && pass ||
        fail "systemd-analyze: $(tail -n 1 "$tmp/exposure")"
    mkdir "$tmp/units"
    sed "s|^ExecStart=[^ ]*|ExecStart=$(cd "$builddir" && pwd)/hone|; /^Documentation/d" "$unit" >"$tmp/units/hone.service"
    cp "$srcdir/etc/systemd/hone.socket" "$tmp/units/"
    systemd-analyze verify --man=no "$tmp/units/hone.service" "$tmp/units/hone.socket" >"$tmp/verify" 2>&1
    grep -e 'hone\.' "$tmp/verify" >"$tmp/faults"
    [ -s "$tmp/faults" ] && fail "systemd-analyze verify: $(cat "$tmp/faults")" || pass
else
    echo 'skipped: systemd-analyze is not here'
fi

"$abs_top_builddir/tests/api/handover" "$abs_top_builddir/hone" --state "$state" serve >"$tmp/handover" 2>"$tmp/handover.err"
has handover 'READY=1' 'answered 200' 'WATCHDOG=1' 'STOPPING=1' 'ended 0'
holds 'nothing is told before it is true' "$(sed -n 1p "$tmp/handover")" = 'READY=1'

# Credentials that cannot be read are no reason to serve without them.
CREDENTIALS_DIRECTORY=/dev/null "$abs_top_builddir/hone" --state "$tmp/plain" serve --listen 127.0.0.1:0 >"$tmp/plain.out" 2>&1 </dev/null
holds 'it does not start' $? -ne 0
has plain.out '/dev/null/tls-cert'
finish
