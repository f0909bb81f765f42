#!/bin/sh
# Speed of optimizers on a dense tensor of FLOATS (50 million) floats, in nanoseconds a parameter: through the plugin, by a plain fused
# loop, as a share of the machine's stream bandwidth, and by torch.optim where python3-torch is (INSTALL=1 installs it with
# apt-get). ROUNDS (3) rounds, in which all are run in turn; medians. Needs about 1.5 GB.
. "$(dirname "$0")/lib.sh"
floats=${FLOATS:-50000000}
rounds=${ROUNDS:-3}
here=$(cd "$(dirname "$0")" && pwd)
make -s -C "$build" tests/bench/speed || exit 1
python=/usr/bin/python3
[ -z "$INSTALL" ] || "$python" -c 'import torch' 2>/dev/null || apt-get -q -y --no-install-recommends install python3-torch >/dev/null
"$python" -c 'import torch' 2>/dev/null && torch=yes || { torch=no; echo "torch.optim: skipped, no python3-torch (INSTALL=1 installs it)"; }
for round in $(seq "$rounds"); do
    for name in adam adamw sgd rmsprop adagrad; do
        for threads in 1 2; do
            "$build/tests/bench/speed" $name $threads "$floats" 7 >>"$tmp/ours" || exit 1
            [ $torch = no ] || MALLOC_TOP_PAD_=4294967296 MALLOC_MMAP_THRESHOLD_=4294967296 MALLOC_TRIM_THRESHOLD_=8589934592 \
                "$python" "$here/speed.py" $name $threads "$floats" 5 >>"$tmp/theirs" || exit 1
        done
    done
done
echo "optimizer threads: plugin, plain loop, their ratio, stream GB/s, share of it, torch.optim"
for name in adam adamw sgd rmsprop adagrad; do
    for threads in 1 2; do
        col() { awk -v n=$name -v t=$threads -v c="$2" '$1 == n && $2 == t { print $c }' "$tmp/$1" | median; }
        ratio=$(awk -v n=$name -v t=$threads '$1 == n && $2 == t { print $3 / $4 }' "$tmp/ours" | median)
        echo "$name $threads: $(col ours 3), $(col ours 4), $ratio, $(col ours 5), $(col ours 6)$([ $torch = no ] || echo ", $(col theirs 3)")"
    done
done
