#!/bin/sh
# foreign.sh DIR: the libraries of others that the targets of tests/fuzz call, built from Debian's sources with MemorySanitizer, as DIR/lib*.so.N: it
# takes what code without its instrumentation writes for never written. Called by run.sh --memory, which puts DIR before the system's. What is there
# stays, unless Debian has another version now. libmicrohttpd, zlib and libseccomp are linked, but no target calls them.
set -eu
dir=$1
top=$(cd "$(dirname "$0")/../.." && pwd)
clang=${FUZZ_CC:-clang-14}
flags='-g -O1 -fPIC -fsanitize=memory -fno-omit-frame-pointer'
libraries='libcjson1 libconfig9 libutf8proc2 libsodium23 libsqlite3-0 libcurl4'
sh "$top/etc/packages.sh" "$clang" dpkg-dev tcl
# shellcheck disable=SC2086
versions=$(dpkg-query -W $libraries)
[ "$(cat "$dir/versions" 2>/dev/null)" != "$versions" ] || exit 0
rm -rf "$dir"
mkdir -p "$dir/lists/partial" "$dir/source"
cd "$dir/source"
codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
for suite in "debian $codename" "debian $codename-updates" "debian-security $codename-security"; do
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/${suite% *} ${suite#* } main"
done >../list
get() {
    apt-get -q -o Dir::Etc::SourceList="$dir/list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$dir/lists" -o APT::Sandbox::User= "$@"
}
get update >log
# The very versions that are installed, since the programs are compiled with their headers.
# shellcheck disable=SC2046,SC2086
get source $(dpkg-query -W -f '${source:Package}=${source:Version} ' $libraries) >>log 2>&1 || { tail -n 20 log; exit 1; }

# shared LIBRARY.so.N ARGUMENT...: links objects, or compiles sources, to a library.
shared() {
    name=$1
    shift
    # shellcheck disable=SC2086
    "$clang" $flags -w -shared -Wl,-soname,"$name" -o "$dir/$name" "$@"
}
# configured FOLDER ARGUMENT...: its archive, made by its own configure and make.
configured() {
    cd "$1"
    shift
    [ -x configure ] || autoreconf -fi >>../log 2>&1
    ./configure --quiet --disable-shared --enable-static CC="$clang" CFLAGS="$flags -w" "$@" >>../log 2>&1 || { tail -n 20 ../log; exit 1; }
    cd ..
}
whole() {
    echo "-Wl,--whole-archive $1 -Wl,--no-whole-archive"
}
shared libcjson.so.1 cjson-*/cJSON.c
shared libutf8proc.so.2 utf8proc-*/utf8proc.c -DUTF8PROC_EXPORTS
configured libconfig-* --disable-cxx
shared libconfig.so.9 -DHAVE_CONFIG_H -I"$(echo libconfig-*)" libconfig-*/lib/libconfig.c libconfig-*/lib/grammar.c libconfig-*/lib/scanner.c libconfig-*/lib/scanctx.c \
    libconfig-*/lib/strbuf.c
configured libsodium-* --disable-asm --disable-pie
make -s -j"$(nproc)" -C libsodium-*/src/libsodium >>log 2>&1 || { tail -n 20 log; exit 1; }
# shellcheck disable=SC2046
shared libsodium.so.23 $(whole libsodium-*/src/libsodium/.libs/libsodium.a)
configured sqlite3-* --disable-tcl --disable-readline
make -s -C sqlite3-* sqlite3.c >>log 2>&1 || { tail -n 20 log; exit 1; }
# lstat64(), which it calls with large files in view, is not known to MemorySanitizer; lstat() is the same here.
shared libsqlite3.so.0 -DSQLITE_DISABLE_LFS -DSQLITE_THREADSAFE=1 -DSQLITE_ENABLE_COLUMN_METADATA sqlite3-*/sqlite3.c
configured curl-* --without-ssl --disable-ldap --disable-manual --without-zlib --without-brotli --without-zstd --without-libpsl --without-libidn2 --without-nghttp2 \
    --without-librtmp --without-libssh2 --disable-symbol-hiding
make -s -j"$(nproc)" -C curl-*/lib libcurl.la >>log 2>&1 || { tail -n 20 log; exit 1; }
echo 'CURL_OPENSSL_4 { global: curl_*; local: *; };' >curl.map # as Debian's is
# shellcheck disable=SC2046
shared libcurl.so.4 $(whole curl-*/lib/.libs/libcurl.a) -Wl,--version-script=curl.map
cd "$dir"
rm -rf source lists list
echo "$versions" >versions
