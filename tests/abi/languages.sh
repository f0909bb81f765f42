#!/bin/sh
# The examples of docs/plugin-languages.md: the C++ one and, where rustc is, the Rust one are built and checked; both train the same
# weights; the Rust declarations have the layout of the C headers.
srcdir=${srcdir:-.}
rustc=$(rustc --print sysroot 2>/dev/null)/bin/rustc # rustup finds its own by HOME, which lib.sh sets
. "$srcdir/tests/cli/lib.sh"
umask 022
block() { # block LANGUAGE
    awk -v head="\`\`\`$1" '$0 == head { on = 1; next } /^```/ { on = 0 } on' "$srcdir/docs/plugin-languages.md"
}
use() { # use LANGUAGE
    run "check_$1" 0 plugin check "$tmp/$1/soft_sign.so"
    has "check_$1" '0 failed'
    run "train_$1" 0 train --agent "$1" --data "$data" --set optimizer="$tmp/$1/soft_sign.so" --set learningRate=0.003 --set epochs=3 --json -q
    holds "$1 learns" "$(thousandths "train_$1" validation_accuracy)" -ge 300
}
mkdir "$tmp/cpp" "$tmp/rust"

if ${CXX:-c++} --version >/dev/null 2>&1; then
    block cpp >"$tmp/cpp/soft_sign.cpp"
    ${CXX:-c++} -std=c++11 -Wall -Wextra -pedantic -Werror -O2 -ffp-contract=off -fno-exceptions -fvisibility=hidden -shared -fPIC \
        -I "$srcdir/include" -o "$tmp/cpp/soft_sign.so" "$tmp/cpp/soft_sign.cpp" && pass || fail 'the C++ example does not build'
    use cpp
else
    echo "C++: skipped, there is no ${CXX:-c++}"
fi

if ! "$rustc" --version >/dev/null 2>&1; then
    echo 'Rust: skipped, there is no rustc'
    finish
fi
block rust >"$tmp/rust/soft_sign.rs"
command=$(block sh | sed -n 's/^rustc //p')
(cd "$tmp/rust" && "$rustc" $command) && pass || fail 'the Rust example does not build'
use rust
[ ! -f "$tmp/cpp/soft_sign.so" ] || same 'C++ and Rust train the same weights' "$(value train_cpp weights_sha256)" "$(value train_rust weights_sha256)"

# A program around the declarations prints their layout as layout.golden has it.
sed -n '/^#\[repr(C)\]$/,/^}$/p' "$tmp/rust/soft_sign.rs" | sed '/^struct Conf/,/^}$/d' >"$tmp/rust/declared"
{
    echo 'use std::ffi::{c_char, c_void}; use std::mem::{size_of, MaybeUninit};'
    cat "$tmp/rust/declared" | awk '/^#\[repr/ { held = $0; next } held != "" { if (/^pub struct/) print held; held = "" } { print }'
    echo 'fn show<T, U>(name: &str, f: fn(*const T) -> *const U) { let t = MaybeUninit::<T>::uninit(); let p = t.as_ptr();'
    echo '    println!("  {} at {} size {}", name, f(p) as usize - p as usize, size_of::<U>()); }'
    echo 'fn main() {'
    awk '/^pub struct/ { t = $3; n = t; gsub(/[A-Z]/, "_&", n); print "println!(\"struct " tolower(substr(n, 2)) " size {}\", size_of::<" t ">());" }
        /^    pub / { f = $2; sub(/:$/, "", f); c = f; sub(/^r#/, "", c)
            print "show::<" t ", _>(\"" c "\", |p| unsafe { std::ptr::addr_of!((*p)." f ") });" }' "$tmp/rust/declared"
    echo '}'
} >"$tmp/rust/layout.rs"
"$rustc" --edition 2021 -A dead_code -o "$tmp/rust/layout" "$tmp/rust/layout.rs" && pass || fail 'the declarations alone do not build'
"$tmp/rust/layout" >"$tmp/rust/have"
holds 'structs are compared' "$(grep -c '^struct' "$tmp/rust/have")" -ge 7
for name in $(sed -n 's/^struct \([a-z_]*\) .*/\1/p' "$tmp/rust/have"); do
    awk -v s="struct $name " 'index($0, "struct ") == 1 || index($0, "constant ") == 1 { on = index($0, s) == 1 } on && !/gap of/' \
        "$srcdir/tests/abi/layout.golden"
done >"$tmp/rust/want"
cmp -s "$tmp/rust/have" "$tmp/rust/want" && pass || fail "the Rust declarations differ from the headers: $(diff "$tmp/rust/want" "$tmp/rust/have")"
sed -n 's/^const \(HONE_[A-Z_]*\): .* = \(.*\);$/\1 \2/p' "$tmp/rust/soft_sign.rs" >"$tmp/rust/constants"
holds 'constants are compared' "$(wc -l <"$tmp/rust/constants")" -ge 9
while read -r name number; do
    golden=$(sed -n "s/^constant $name (\{0,1\}\([0-9a-fx]*\)u\{0,1\})\{0,1\}\$/\1/p" "$srcdir/tests/abi/layout.golden")
    same "$name" "$((number))" "$((golden))"
done <"$tmp/rust/constants"
finish
