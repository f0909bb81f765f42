#!/bin/sh
# deb.sh [FOLDER]: builds Debian packages of Hone from the tarball that `make dist` makes of this tree, in FOLDER (build-deb), with the machine's own
# tools, and looks at them with lintian when that is there. Needs debhelper and build-essential; installs nothing.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
folder=${1:-$top/build-deb}
command -v dpkg-buildpackage >/dev/null && command -v dh >/dev/null || { echo 'deb.sh needs debhelper and dpkg-dev: apt-get install debhelper build-essential' >&2; exit 2; }
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
sh "$top/etc/packaging/tarball.sh" "$folder"
tarball=$(ls "$folder"/hone-*.tar.xz)
version=${tarball##*/hone-}
version=${version%.tar.xz}
cd "$folder"
rm -rf "hone-$version"
tar -xf "$tarball"
mv -f "$tarball" "hone_$version.orig.tar.xz"
cp -R "hone-$version/etc/packaging/debian" "hone-$version/debian"
(cd "hone-$version" && dpkg-buildpackage -us -uc)
if command -v lintian >/dev/null; then
    # Whoever uploads them puts an address and a bug of their own.
    lintian --fail-on error,warning --suppress-tags initial-upload-closes-no-bugs,bogus-mail-host,bogus-mail-host-in-debian-changelog ./*.changes
fi
ls ./*.deb
