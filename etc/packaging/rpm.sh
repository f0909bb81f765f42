#!/bin/sh
# rpm.sh [FOLDER]: builds packages for RPM of Hone from the tarball that `make dist` makes of this tree, in FOLDER (build-rpm). On Debian with rpmbuild
# of the package rpm: its database knows no package, so that build dependencies are not checked, and it gets the macros that systemd's package
# has elsewhere. On a distribution of that kind, `rpmbuild -ta hone-VERSION.tar.xz`. Installs nothing.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
folder=${1:-$top/build-rpm}
command -v rpmbuild >/dev/null || { echo 'rpm.sh needs rpmbuild: apt-get install rpm' >&2; exit 2; }
mkdir -p "$folder/SOURCES"
folder=$(cd "$folder" && pwd)
sh "$top/etc/packaging/tarball.sh" "$folder/SOURCES"
set -- --define "_topdir $folder"
if [ "$(rpm --eval '%{?_unitdir}')" = '' ]; then
    set -- "$@" --nodeps --define '_unitdir /usr/lib/systemd/system' --define '_sysusersdir /usr/lib/sysusers.d' --define '_tmpfilesdir /usr/lib/tmpfiles.d' \
        --define 'sysusers_requires_compat %nil' --define 'sysusers_create_compat() :' --define 'systemd_post() :' --define 'systemd_preun() :' \
        --define 'systemd_postun_with_restart() :'
fi
rpmbuild -ba "$@" "$top/etc/packaging/hone.spec"
find "$folder" -name '*.rpm'
