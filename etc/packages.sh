#!/bin/sh
# Installs what building, running and testing Hone needs on Debian and its descendants; does nothing when all of it is
# there. Called by etc/quickstart.sh and tests/run.sh. On other systems, install the same libraries by hand.
set -eu
packages='gcc libc6-dev make autoconf automake libtool pkg-config libconfig-dev libcjson-dev libsqlite3-dev libcunit1-dev
libutf8proc-dev libsodium-dev libmicrohttpd-dev libcurl4-openssl-dev zlib1g-dev libseccomp-dev libopenblas0 curl'
[ $# -eq 0 ] || packages="$packages $*"

missing=
for p in $packages; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null || true)" = installed ] || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
echo "Installing:$missing"
as_root=
[ "$(id -u)" -eq 0 ] || as_root=sudo
if [ -n "$as_root" ] && ! command -v sudo >/dev/null; then
    echo "That is for root, and there is no sudo here. As root: apt-get install --no-install-recommends$missing" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get -q update >/dev/null
# shellcheck disable=SC2086
$as_root apt-get -q -y --no-install-recommends install $missing >/dev/null
