#!/bin/sh
# build.sh DIR [CONFIGURE ARGUMENT...]: builds in the folder DIR (below the top folder), configuring when that is needed; GOALS: only
# these. Called by etc/quickstart.sh, tests/run.sh, tests/coverage.sh and tests/fuzz/run.sh; whoever packages Hone calls configure and make.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
build=$top/$1
shift
cd "$top"
stale=no
for f in configure.ac Makefile.am m4/hone-build.m4 */Makefile.inc */*/Makefile.inc; do
    [ -x configure ] && [ Makefile.in -nt "$f" ] || stale=yes
done
if [ $stale = yes ]; then
    autoreconf -fi >/dev/null
    touch Makefile.in
fi
mkdir -p "$build"
cd "$build"
if [ ! -f config.status ] || [ "$top/configure" -nt config.status ] || [ "$(cat arguments 2>/dev/null)" != "$*" ]; then
    "$top/configure" --quiet "$@"
    echo "$*" >arguments
fi
# shellcheck disable=SC2086
make -s -j"$(nproc)" ${GOALS:-}
