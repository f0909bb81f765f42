#!/usr/bin/env python3
"""Makes difference_reference.h: tests of differences as SciPy computes them, and where it has none by the papers' definitions written down
anew (equivalence by maximising the likelihood numerically). Run by hand with SciPy 1.10:
/usr/bin/python3 tests/unit/difference_reference.py > tests/unit/difference_reference.h"""
import itertools
import math
import random

import numpy as np
import scipy
from scipy import optimize, stats, special


def array(v):
    return "{ " + ", ".join("%.17g" % x for x in v) + " }"


print("/* Made by difference_reference.py with SciPy %s. */" % scipy.__version__)
print("static const struct { double a, x, q; } gamma_reference[] = {")
for a, x in [(0.5, 0.1), (0.5, 3.84), (1, 2), (4.5, 20), (4.5, 0.3), (50, 70), (0.5, 60)]:
    print("    { %.17g, %.17g, %.17g }," % (a, x, special.gammaincc(a, x)))
print("};\nstatic const struct { double p, z; } normal_reference[] = {")
for p in [1e-12, 1e-4, 0.025, 0.3, 0.5, 0.8, 0.975, 0.9999]:
    print("    { %.17g, %.17g }," % (p, stats.norm.ppf(p)))
print("};\nstatic const struct { int64_t b, c; double p; } mcnemar_reference[] = {")
for b, c in [(0, 0), (0, 1), (0, 6), (5, 5), (3, 12), (40, 60), (100, 101), (7, 400), (5200, 5000), (49000, 50500)]:
    print("    { %d, %d, %.17g }," % (b, c, stats.binomtest(b, b + c).pvalue if b + c else 1))
print("};")

r = random.Random(1)
rows = [[int(r.random() < p) for p in (0.8, 0.85, 0.7, 0.8)] for _ in range(60)]
k, col = 4, np.array(rows)
q = (k - 1) * (k * (col.sum(0) ** 2).sum() - col.sum() ** 2) / (k * col.sum() - (col.sum(1) ** 2).sum())
print("static const uint8_t cochran_rows[4][60] = {")
for j in range(4):
    print("    { " + ", ".join(str(x[j]) for x in rows) + " },")
print("};\nstatic const double cochran_q = %.17g, cochran_p = %.17g;" % (q, stats.chi2.sf(q, k - 1)))

small = [round(r.gauss(0.3, 1), 6) for _ in range(20)]
large = [round(r.gauss(0.1, 1), 1) for _ in range(150)]
print("static const double small_values[] = %s;" % array(small))
print("static const double large_values[] = %s;" % array(large))
w = stats.wilcoxon(small, mode="exact")
print("static const double small_w = %.17g, small_p = %.17g;" % (w.statistic, w.pvalue))
w = stats.wilcoxon(large, zero_method="wilcox", correction=False, mode="approx")
print("static const double large_w = %.17g, large_p = %.17g;" % (w.statistic, w.pvalue))
a, b = [0.91, 0.915, 0.908, 0.92, 0.911], [0.902, 0.899, 0.91, 0.905]
t = stats.ttest_ind(a, b, equal_var=False)
va, vb = np.var(a, ddof=1) / len(a), np.var(b, ddof=1) / len(b)
print("static const double welch_a[] = %s, welch_b[] = %s;" % (array(a), array(b)))
print("static const double welch_t = %.17g, welch_df = %.17g, welch_p = %.17g;" % (
    t.statistic, (va + vb) ** 2 / (va ** 2 / (len(a) - 1) + vb ** 2 / (len(b) - 1)), t.pvalue))
# All 2^14 sign flips of the first 14 values: what random flips approach.
first = small[:14]
far = sum(abs(sum(s * x for s, x in zip(signs, first))) >= abs(sum(first)) - 1e-12 for signs in itertools.product((1, -1), repeat=14))
print("static const double all_flips_p = %.17g;" % (far / 2 ** 14))


# The same flips as ours, drawn by Philox 4x32-10 written down again.
def philox(seed, stream, counter):
    k0, k1 = seed & 0xffffffff, seed >> 32
    c = [counter & 0xffffffff, counter >> 32, stream, 0]
    for _ in range(10):
        x, y = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(y >> 32) ^ c[1] ^ k0, y & 0xffffffff, (x >> 32) ^ c[3] ^ k1, x & 0xffffffff]
        k0, k1 = (k0 + 0x9E3779B9) & 0xffffffff, (k1 + 0xBB67AE85) & 0xffffffff
    return c


def bit(seed, flip, i):
    word, offset = (i % 2048) // 32, i % 32
    return philox(seed, 11, flip << 33 | (i // 2048 * 16 + word % 16))[word // 16] >> offset & 1


flips = 500
far = 0
for f in range(flips):
    s = sum(x * (1 - 2 * bit(9, f, i)) for i, x in enumerate(large))
    far += abs(s) >= abs(sum(large)) - 1e-12 * sum(map(abs, large))
print("static const double our_flips_p = %.17g;" % ((1 + far) / (1 + flips)))

p = [0.01, 0.04, 0.03, 0.005, 0.5, 0.03]
order, worst, adjusted = sorted(range(len(p)), key=lambda i: p[i]), 0, [0] * len(p)
for step, i in enumerate(order):
    worst = max(worst, min(1, (len(p) - step) * p[i]))
    adjusted[i] = worst
print("static const double holm_p[] = %s, holm_adjusted[] = %s;" % (array(p), array(adjusted)))
print("static const double cohen_h_reference = %.17g;" % (2 * math.asin(math.sqrt(0.91)) - 2 * math.asin(math.sqrt(0.88))))


def rows_needed(d, psi, alpha, power):
    z = stats.norm.ppf(1 - alpha / 2) * math.sqrt(psi) + stats.norm.ppf(power) * math.sqrt(psi - d * d)
    return math.ceil(z * z / d ** 2)


print("static const struct { double d, psi, rows; } power_reference[] = {")
for d, psi in [(0.02, 0.1), (0.01, 0.05), (0.1, 0.3), (0.05, 0.05)]:
    print("    { %.17g, %.17g, %d }," % (d, psi, rows_needed(d, psi, 0.05, 0.8)))
print("};")


def score(b, c, n, delta):
    """(b - c - n delta) by its deviation, the shares found by maximising the multinomial likelihood under the constraint."""
    def loss(q):
        p12, p21 = q + delta, q
        rest = 1 - p12 - p21
        terms = [(b, p12), (c, p21), (n - b - c, rest)]
        if any(p < -1e-15 for _, p in terms):
            return 1e300
        return -sum(m * math.log(max(p, 1e-300)) for m, p in terms if m)
    low, high = max(0, -delta), (1 - delta) / 2
    best = optimize.minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-13}).x
    return (b - c - n * delta) / math.sqrt(n * (2 * best + delta * (1 - delta)))


print("static const struct { int64_t b, c, n; double margin, p; } equivalence_reference[] = { /* to 1e-6: by a numerical maximum */")
for b, c, n, m in [(10, 12, 1000, 0.02), (30, 22, 1000, 0.02), (3, 9, 200, 0.05), (120, 100, 4500, 0.01)]:
    print("    { %d, %d, %d, %.17g, %.17g }," % (b, c, n, m, max(stats.norm.sf(score(b, c, n, -m)), stats.norm.cdf(score(b, c, n, m)))))
print("};")
