#!/bin/sh
# `make installcheck [DESTDIR=DIR]`: what was installed works from where it lies, and no file of it names the folders in which it was built. Make tells
# the places: BIN (of hone, with DESTDIR), PLUGINS, EXAMPLE, DOC (of the manual), FILES (what was installed), SOURCE and BUILD.
set -u
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
bad=0
fault() {
    echo "installcheck: $*"
    bad=1
}

unset HONE_PLUGIN_PATH HONE_WORKER HONE_WORKER_WRAPPER HONE_PLUGIN_PINS
HOME=$tmp XDG_CONFIG_HOME=$tmp/config XDG_STATE_HOME=$tmp/state HONE_SYSCONFDIR=$tmp/etc
export HOME XDG_CONFIG_HOME XDG_STATE_HOME HONE_SYSCONFDIR
cd "$tmp" || exit 99
"$BIN" plugin list --json >"$tmp/plugins" 2>&1 || fault "plugin list: $(cat "$tmp/plugins")"
grep -q -e "\"path\": *\"$PLUGINS/" -e '"path": *"(built in)/' "$tmp/plugins" || fault "the plugins are not those of $PLUGINS"
"$BIN" train --agent support --data "$EXAMPLE" --preset quick --quiet >"$tmp/out" 2>&1 || fault "train: $(cat "$tmp/out")"
"$BIN" ask support 'where is my parcel?' --json >"$tmp/out" 2>&1 && grep -q '"output"' "$tmp/out" || fault "ask: $(cat "$tmp/out")"

# Links of the manual lead to files of it.
find "$DOC" -name '*.md' >"$tmp/pages"
[ -s "$tmp/pages" ] || fault "there is no manual in $DOC"
while read -r page; do
    grep -o ']([^)]*)' "$page" | sed 's/^](//; s/[)#].*//' | grep -v -e '://' -e '^$' | while read -r link; do
        [ -e "$(dirname "$page")/$link" ] || echo "$page: $link"
    done
done <"$tmp/pages" >"$tmp/dead"
[ -s "$tmp/dead" ] && fault "links that lead nowhere: $(cat "$tmp/dead")"

# The install may lie below one of them, so that the folders of the sources are looked for.
for place in "$SOURCE" "$BUILD"; do
    for folder in core plugins tests m4 build-aux; do
        echo "$place/$folder/"
    done
done >"$tmp/places"
seen=0
# shellcheck disable=SC2086 # they are patterns
for folder in $FILES; do
    [ -e "$folder" ] || continue
    seen=$((seen + $(find "$folder" -type f | wc -l)))
    grep -rlF -f "$tmp/places" "$folder" && fault "files of $folder name the folders of the build"
done
[ $seen -ge 50 ] || fault "there are $seen files only"
[ $bad -eq 0 ] && echo "installcheck: hone works from there, and none of $seen files names the build"
exit $bad
