#!/bin/sh
# check.sh FOLDER [STEP...]: what takes minutes of the packages' tests, in FOLDER; all steps, or those named:
#   tarball    it is made twice to the same bytes
#   distcheck  make distcheck; its tests are those of CHECK_TESTS (the unit tests; CHECK_TESTS=all: all of them)
#   deb        the Debian packages are built, and lintian finds nothing
#   install    as root: they are installed on this machine, their tests pass, an upgrade keeps the data, a purge leaves nothing
#   rpm        the packages for RPM are built
#   static     --enable-static-plugins builds, and the tests of training and plugins pass with it
# Ends with "N passed, N failed". Leaves on the machine what it found there.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
[ $# -ge 1 ] || { echo 'usage: check.sh FOLDER [tarball|distcheck|deb|install|rpm|static]...' >&2; exit 2; }
mkdir -p "$1" || exit 1
folder=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- tarball distcheck deb install rpm static
passed=0
failed=0

# step NAME COMMAND...: its output goes to FOLDER/NAME.log
step() {
    name=$1
    shift
    if "$@" >"$folder/$name.log" 2>&1; then
        passed=$((passed + 1))
        echo "ok   $name"
    else
        failed=$((failed + 1))
        tail -n 15 "$folder/$name.log"
        echo "FAIL $name: $folder/$name.log"
    fi
}

distcheck() {
    mkdir -p "$folder/dist" && cd "$folder/dist" && "$top/configure" --quiet || return
    if [ "${CHECK_TESTS:-}" = all ]; then
        make -s -j"$(nproc)" distcheck
    else
        make -s -j"$(nproc)" distcheck TESTS="${CHECK_TESTS:-tests/unit/hone-unit}"
    fi
}

# newer OLD NEW: the packages of OLD with a later version, in NEW
newer() {
    mkdir -p "$2" || return
    for deb in "$1"/*.deb; do
        case $deb in *dbgsym*) continue ;; esac
        dir=$(mktemp -d) && chmod 755 "$dir" && dpkg-deb -R "$deb" "$dir" || return
        sed -i -e 's/^\(Version: .*\)/\1+upgrade/' -e 's/\(hone (= [^)]*\))/\1+upgrade)/' "$dir/DEBIAN/control"
        dpkg-deb --root-owner-group -b "$dir" "$2/$(basename "$deb")" || return
        rm -rf "$dir"
    done
}

# Pages name each other, and the unit one of them: none is compressed.
pages_as_they_are() {
    dpkg-deb --fsys-tarfile "$folder"/deb/hone-doc_*.deb | tar -t >"$folder/pages" && grep -q '/docs/operations\.md$' "$folder/pages" && ! grep '\.md\.gz$' "$folder/pages"
}

# The tests of the packages as debian/tests/control names them, each in a folder of its own.
autopkgtests() {
    for t in $(sed -n 's/^Tests: *//p' "$top/etc/packaging/debian/tests/control"); do
        AUTOPKGTEST_TMP=$(mktemp -d) && export AUTOPKGTEST_TMP || return
        set -- sh "$top/etc/packaging/debian/tests/$t"
        [ "$t" != service ] || set -- sh "$top/etc/packaging/boot.sh" "$@"
        (cd "$AUTOPKGTEST_TMP" && HONE_NEWER=$folder/newer "$@") || { echo "debian/tests/$t fails"; return 1; }
        rm -rf "$AUTOPKGTEST_TMP"
    done
}

remains() {
    dpkg --purge hone hone-dev hone-doc
    getent passwd hone >/dev/null && userdel hone
    getent group hone >/dev/null && groupdel hone
    left=$(ls -d /usr/bin/hone /usr/libexec/hone /usr/lib/*/hone /usr/share/hone /usr/share/doc/hone* /usr/include/hone /etc/hone /var/lib/hone \
        /usr/lib/*.d/hone.conf /lib/systemd/system/hone.* /etc/systemd/system/*/hone.* 2>/dev/null)
    [ -z "$left" ] || echo "left behind: $left"
    [ -z "$left" ]
}

install_and_test() {
    [ "$(id -u)" -eq 0 ] || { echo 'installing packages is for root'; return 1; }
    [ ! -e /var/lib/hone ] && ! dpkg-query -W hone >/dev/null 2>&1 && ! getent passwd hone >/dev/null ||
        { echo 'Hone is on this machine already: its data would be lost'; return 1; }
    newer "$folder/deb" "$folder/newer" || return
    had=$(dpkg-query -W -f '${Package}\n')
    set -x
    apt-get -q -y --no-install-recommends install "$folder"/deb/hone_*.deb "$folder"/deb/hone-dev_*.deb "$folder"/deb/hone-doc_*.deb &&
        dpkg-query -W -f '${Provides}\n' hone | grep -q "^hone-plugin-abi-$(sed -n 's/^#define HONE_ABI_MAJOR //p' "$top/include/hone/abi.h")" &&
        (PATH=/usr/sbin:/usr/bin:/sbin:/bin && export PATH && unset HONE_PLUGIN_PATH HONE_WORKER && autopkgtests)
    result=$?
    remains || result=1
    set +x
    new=$(dpkg-query -W -f '${Package}\n' | grep -vxF "$had")
    # shellcheck disable=SC2086
    [ -z "$new" ] || apt-get -q -y purge $new
    return $result
}

static() {
    mkdir -p "$folder/static" && cd "$folder/static" && "$top/configure" --quiet --enable-static-plugins && make -s -j"$(nproc)" &&
        make -s -j"$(nproc)" check TESTS='tests/abi/linked.sh tests/abi/bad_plugins.sh tests/abi/sandbox.sh tests/cli/train.sh tests/cli/plugins.sh tests/cli/report.sh'
}

for name in "$@"; do
    case $name in
    tarball) step tarball sh "$top/etc/packaging/same_tarball.sh" ;;
    distcheck) step distcheck distcheck ;;
    deb)
        step deb sh "$top/etc/packaging/deb.sh" "$folder/deb"
        step manual pages_as_they_are
        ;;
    install) step install install_and_test ;;
    rpm) step rpm sh "$top/etc/packaging/rpm.sh" "$folder/rpm" ;;
    static) step static static ;;
    *) echo "check.sh has no step $name" >&2; exit 2 ;;
    esac
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
