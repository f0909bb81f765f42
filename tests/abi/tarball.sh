#!/bin/sh
# What `make dist` packs is what git knows, byte for byte, with what autoreconf makes beside it and nothing else; a file left out of a list of
# make's, or one that only this folder has, fails. Where there is no git tree (a tarball's) it is skipped.
srcdir=$(cd "${srcdir:-.}" && pwd)
[ -e "$srcdir/.git" ] || { echo 'skipped: no git tree here'; exit 77; }
command -v git >/dev/null || { echo 'skipped: no git'; exit 77; }
. "$srcdir/tests/cli/lib.sh"
LC_ALL=C # the order of names
export LC_ALL

# What stays out of the tarball, a line each with the reason.
grep -v '^#' >"$tmp/out" <<END
# the continuous integration's entry: calls tests/run.sh, which is in
.ci/run
# for git alone
.gitignore
END

# Another user may own the tree. What was deleted but not yet committed is nothing to pack.
git -c safe.directory="$srcdir" -c core.quotePath=off -C "$srcdir" ls-files >"$tmp/tracked" 2>"$tmp/log" && pass || fail "git ls-files: $(cat "$tmp/log")"
(cd "$srcdir" && while read -r f; do [ ! -e "$f" ] || echo "$f"; done) <"$tmp/tracked" | sort >"$tmp/git"
for folder in core plugins include docs etc tests; do
    holds "git knows files of $folder" "$(grep -c "^$folder/" "$tmp/git")" -gt 0
done
(unset MAKEFLAGS MAKELEVEL; make -s -C "$builddir" distdir distdir="$tmp/dist") >"$tmp/log" 2>&1 && pass || fail "make distdir: $(tail -n 5 "$tmp/log")"
(cd "$tmp/dist" && find . ! -type d) | sed 's|^\./||' | sort >"$tmp/packed"
holds 'files are packed' -s "$tmp/packed"

while read -r f; do
    grep -q -x -F "$f" "$tmp/git" && ! grep -q -x -F "$f" "$tmp/packed" && pass || fail "$f is to stay out of the tarball, but is in it or is gone"
done <"$tmp/out"
for f in $(comm -23 "$tmp/git" "$tmp/packed" | grep -v -x -F -f "$tmp/out"); do
    fail "the tarball lacks $f: name it in the Makefile.inc of its folder, a header in the _SOURCES of what includes it, anything else in EXTRA_DIST"
done
for f in $(comm -13 "$tmp/git" "$tmp/packed"); do
    case $f in
    Makefile.in | aclocal.m4 | config.h.in | configure | build-aux/* | m4/libtool.m4 | m4/lt*.m4) pass ;; # autoreconf's
    *) fail "the tarball has $f, which git does not know: add it to git, or name the files of its folder in EXTRA_DIST one by one" ;;
    esac
done
comm -12 "$tmp/git" "$tmp/packed" >"$tmp/both"
for tree in "$srcdir" "$tmp/dist"; do
    (cd "$tree" && tr '\n' '\0' <"$tmp/both" | xargs -0 sha256sum)
done | sort | uniq -u >"$tmp/differ"
[ -s "$tmp/differ" ] && fail "the tarball has other bytes: $(head -n 4 "$tmp/differ")" || pass
finish
