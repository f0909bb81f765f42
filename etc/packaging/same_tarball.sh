#!/bin/sh
# same_tarball.sh: makes the tarball twice, each from a copy of the tree in a folder of its own, with other times, umask, time zone and language, and
# compares. Needs autoconf, automake and libtool.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$top" log -1 --format=%ct 2>/dev/null || stat -c %Y "$top/configure.ac")}
export SOURCE_DATE_EPOCH

# copy FOLDER: the tree as it is committed or would be, or, where that is unknown, without what was built
copy() {
    mkdir -p "$1" "$1.out"
    if git -C "$top" rev-parse --git-dir >/dev/null 2>&1; then
        (cd "$top" && git ls-files -z | tar -cf - --null -T -) | tar -xf - -C "$1"
    else
        (cd "$top" && tar -cf - --exclude './build*' .) | tar -xf - -C "$1"
    fi
}

copy "$tmp/one"
(umask 022 && LC_ALL=C TZ=UTC sh "$tmp/one/etc/packaging/tarball.sh" "$tmp/one.out")
copy "$tmp/much-longer-name/two"
find "$tmp/much-longer-name/two" -type f -exec touch -d '2001-02-03 04:05:06' {} +
(umask 077 && LC_ALL=C.UTF-8 TZ=Asia/Tokyo sh "$tmp/much-longer-name/two/etc/packaging/tarball.sh" "$tmp/much-longer-name/two.out")
cd "$tmp"
one=$(sha256sum <"$(ls one.out/*.tar.xz)") two=$(sha256sum <"$(ls 'much-longer-name'/two.out/*.tar.xz)")
if [ "$one" = "$two" ]; then
    echo "same_tarball: both are ${one%% *}"
    exit
fi
echo "same_tarball: ${one%% *} and ${two%% *}" >&2
for f in one.out/*.tar.xz 'much-longer-name'/two.out/*.tar.xz; do
    tar -tvf "$f" >"$(dirname "$f")/list"
done
diff one.out/list 'much-longer-name/two.out/list' | head -n 20 >&2
exit 1
