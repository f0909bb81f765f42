#!/bin/sh
# What distributions build from agrees with what configure and make do: libraries, versions, lists of files. An install into a folder works, names
# nothing of the build, and goes as it came. What takes minutes (packages built, installed, upgraded, purged) is etc/packaging/check.sh.
srcdir=$(cd "${srcdir:-.}" && pwd)
. "$srcdir/tests/cli/lib.sh"
pack=$srcdir/etc/packaging
control=$pack/debian/control spec=$pack/hone.spec

# Libraries: what configure looks for, with the least version, is in each list. A module without a line here fails.
debian_name() {
    case $1 in
    cunit) echo libcunit1-dev ;;
    libcurl) echo libcurl4-openssl-dev ;;
    libcjson | libconfig | libmicrohttpd | libseccomp | libsodium | libutf8proc) echo "$1-dev" ;;
    sqlite3) echo libsqlite3-dev ;;
    zlib) echo zlib1g-dev ;;
    *) echo "(no name of $1 in tests/abi/packaging.sh)" ;;
    esac
}
sed -n 's/.*PKG_CHECK_MODULES(\[[A-Z0-9]*\], \[\([^]]*\)\].*/\1/p' "$srcdir/configure.ac" >"$tmp/modules"
holds 'configure looks for libraries' "$(wc -l <"$tmp/modules")" -ge 9
holds 'each in a line of its own' "$(grep -c PKG_CHECK_MODULES "$srcdir/configure.ac")" -eq "$(wc -l <"$tmp/modules")"
build_depends=$(sed -n '/^Build-Depends:/,/^[A-Z][a-z-]*: /p' "$control" | tr -d '\n')
while read -r module relation least; do
    package=$(debian_name "$module")
    case $build_depends in
    *[\ ,]"$package${least:+ ($relation $least)}",*) pass ;;
    *", $package${least:+ ($relation $least)}Standards-Version"*) pass ;;
    *) fail "debian/control does not build-depend on $package${least:+ ($relation $least)}, which configure looks for" ;;
    esac
    grep -q -w -F "$package" "$srcdir/etc/packages.sh" && pass || fail "etc/packages.sh does not install $package"
    if [ "$module" = cunit ]; then
        grep -q '^BuildRequires:.* CUnit-devel' "$spec"
    else
        grep -q "^BuildRequires:.*pkgconfig($module)${least:+ $relation $least}\\( pkg\\| CUnit\\| *\$\\)" "$spec"
    fi && pass || fail "hone.spec does not require $module${least:+ $relation $least} for the build"
    [ "$module" = cunit ] || grep -q -i "${module%[0-9]}" "$srcdir/docs/packaging.md" && pass || fail "docs/packaging.md does not name $module"
done <"$tmp/modules"
# Whoever may not install is told what root is to install.
mkdir "$tmp/bin"
printf '#!/bin/sh\necho 1000\n' >"$tmp/bin/id"
printf '#!/bin/sh\n' >"$tmp/bin/dpkg-query"
chmod +x "$tmp"/bin/*
sh=$(command -v sh)
PATH=$tmp/bin "$sh" "$srcdir/etc/packages.sh" valgrind >"$tmp/log" 2>&1 && fail 'etc/packages.sh: installs without root or sudo' || pass
grep -q '^That is for root.*apt-get install .*libsqlite3-dev .*valgrind$' "$tmp/log" && pass || fail "etc/packages.sh without sudo: $(cat "$tmp/log")"

# Versions.
version=$(sed -n 's/^AC_INIT(\[hone\], \[\([^]]*\)\].*/\1/p' "$srcdir/configure.ac")
major=$(sed -n 's/^#define HONE_ABI_MAJOR //p' "$srcdir/include/hone/abi.h")
holds 'configure.ac has a version' -n "$version"
holds 'debian/changelog has it' "$(sed -n '1s/^hone (\(.*\)-[^-]*) .*/\1/p' "$pack/debian/changelog")" = "$version"
holds 'hone.spec has it' "$(awk '$1 == "Version:" { print $2 }' "$spec")" = "$version"
holds 'hone.spec has the interface' "$(sed -n 's/^%global plugin_abi //p' "$spec")" = "$major"
grep -q '^Provides:.*\${hone:Abi}' "$control" && pass || fail 'the package hone does not provide its interface'

# An install into a folder.
root=$tmp/root
quiet_make() {
    (unset MAKEFLAGS MAKELEVEL; make -s -C "$builddir" DESTDIR="$root" "$@") >"$tmp/log" 2>&1 && pass || fail "make $*: $(tail -n 5 "$tmp/log")"
}
quiet_make install
quiet_make installcheck
prefix=$(sed -n 's/^S."prefix".="\(.*\)"/\1/p' "$builddir/config.status")
holds 'configure tells its prefix' -n "$prefix" -a -d "$root$prefix"

# Every file is in one list of Debian's packages and of the spec, and each line of them is of files. What is compared is below /usr and /etc,
# with a folder for the architecture.
(cd "$root$prefix" && find . -type f ! -name '*.la') | sed -e 's|^\./|usr/|' -e 's|^usr/etc/|etc/|' -e 's|^usr/lib/systemd/|lib/systemd/|' -e 's|^usr/lib[0-9]*/|usr/lib/ARCH/|' | sort >"$tmp/files"
holds 'files are installed' "$(wc -l <"$tmp/files")" -ge 50
covered() {
    while read -r f; do
        n=0
        while read -r pattern; do
            case $f in
            $pattern | $pattern/*) n=$((n + 1)) ;;
            esac
        done <"$1"
        echo "$n $f"
    done <"$tmp/files"
}
cat "$pack"/debian/*.install | grep -v '^#' >"$tmp/debian"
sed -n '/^%files/,/^%changelog/p' "$spec" | grep -v -e '^%files' -e '^%changelog' -e '^%license' -e '^%dir' -e '^ *$' -e '%{_sysusersdir}' -e '%{_tmpfilesdir}' |
    sed -e 's|^%config(noreplace) ||' -e 's|%{_unitdir}|lib/systemd/system|' -e 's|%{_sysconfdir}|etc|' -e 's|%{_bindir}|usr/bin|' -e 's|%{_libexecdir}|usr/libexec|' -e 's|%{_libdir}|usr/lib/ARCH|' \
        -e 's|%{_datadir}|usr/share|' -e 's|%{_mandir}|usr/share/man|' -e 's|%{_includedir}|usr/include|' -e 's|%{_docdir}|usr/share/doc|' >"$tmp/rpm"
for list in debian rpm; do
    covered "$tmp/$list" >"$tmp/covered"
    grep -v '^1 ' "$tmp/covered" >"$tmp/wrong" && fail "not in one list of $list: $(head -n 5 "$tmp/wrong")" || pass
    while read -r pattern; do
        case $pattern in
        lib/systemd/system*) continue ;; # only with --with-systemdsystemunitdir
        esac
        found=no
        while read -r f; do
            case $f in
            $pattern | $pattern/*) found=yes && break ;;
            esac
        done <"$tmp/files"
        [ $found = yes ] && pass || fail "the list of $list has $pattern, of which no file is installed"
    done <"$tmp/$list"
done
if command -v rpmspec >/dev/null; then
    rpmspec -q "$spec" >"$tmp/rpmspec" 2>&1 && grep -q "^hone-devel-$version" "$tmp/rpmspec" && pass || fail "rpmspec: $(cat "$tmp/rpmspec")"
fi

# The user of the service and its folder.
if command -v systemd-sysusers >/dev/null; then
    mkdir -p "$tmp/machine/etc"
    systemd-sysusers --root="$tmp/machine" "$srcdir/etc/systemd/hone.sysusers" >"$tmp/log" 2>&1
    grep -q '^hone:.*:/var/lib/hone:' "$tmp/machine/etc/passwd" && pass || fail "systemd-sysusers: $(cat "$tmp/log" "$tmp/machine/etc/passwd")"
    if [ "$(id -u)" -eq 0 ] && command -v systemd-tmpfiles >/dev/null; then
        systemd-tmpfiles --root="$tmp/machine" --create "$srcdir/etc/systemd/hone.tmpfiles" >"$tmp/log" 2>&1
        holds 'its folder is its own' "$(stat -c %u:%a "$tmp/machine/var/lib/hone")" = "$(awk -F: '$1 == "hone" { print $3 }' "$tmp/machine/etc/passwd"):700"
    fi
else
    echo 'skipped: systemd-sysusers is not here'
fi
for f in sysusers tmpfiles; do
    cmp -s "$srcdir/etc/systemd/hone.$f" "$pack/debian/hone.$f" && pass || fail "debian/hone.$f is not etc/systemd/hone.$f"
done

# And away again.
quiet_make uninstall
find "$root" -type f >"$tmp/left"
[ -s "$tmp/left" ] && fail "make uninstall leaves $(head -n 5 "$tmp/left")" || pass
(cd "$root$prefix" && find . -type d -path '*hone*') >"$tmp/left"
[ -s "$tmp/left" ] && fail "make uninstall leaves the folders $(head -n 5 "$tmp/left")" || pass
finish
