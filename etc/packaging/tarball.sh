#!/bin/sh
# tarball.sh FOLDER: puts the release's tarball, hone-VERSION.tar.xz, into FOLDER: the same bytes whenever and wherever it is made of the same tree by the
# same autotools. Times in it are SOURCE_DATE_EPOCH, or that of the last commit.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(cd "$1" && pwd)
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
    SOURCE_DATE_EPOCH=$(git -C "$top" log -1 --format=%ct 2>/dev/null || stat -c %Y "$top/configure.ac")
fi
export SOURCE_DATE_EPOCH
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
[ -x "$top/configure" ] || (cd "$top" && autoreconf -fi >/dev/null)
cd "$build"
"$top/configure" --quiet
make -s dist >/dev/null
mv hone-*.tar.xz "$folder"
