#!/usr/bin/env python3
"""Makes stats_reference.h: intervals and quantiles as SciPy and NumPy compute them. Run by hand with SciPy 1.10 or later:
python3 tests/unit/stats_reference.py > tests/unit/stats_reference.h"""
import numpy as np
import scipy
from scipy import stats

print("/* Made by stats_reference.py with SciPy %s and NumPy %s. */" % (scipy.__version__, np.__version__))
print("static const struct { int64_t k, n; double low, high; } wilson_reference[] = {")
for k, n in [(0, 1), (1, 1), (0, 10), (3, 10), (5, 10), (10, 10), (113, 126), (919, 1000), (4185, 4500), (1, 100000)]:
    ci = stats.binomtest(k, n).proportion_ci(confidence_level=0.95, method="wilson")
    print("    { %d, %d, %.17g, %.17g }," % (k, n, ci.low, ci.high))
print("};")
v = [0.25, -1.5, 3.0, 8.125, 2.0, 2.0, 0.0, 11.0, -4.75, 6.5]
print("static const double quantile_values[] = { %s };" % ", ".join("%.17g" % x for x in sorted(v)))
print("static const struct { double p, q; } quantile_reference[] = {")
for p in [0, 0.025, 0.1, 0.25, 0.5, 0.6180339887, 0.9, 0.975, 1]:
    print("    { %.17g, %.17g }," % (p, np.quantile(v, p)))
print("};")
# The percentile interval of the mean of a fixed sample; ours comes from other random numbers and is compared loosely.
x = np.array([((i * 7919) % 1000) / 1000 for i in range(400)])
r = stats.bootstrap((x,), np.mean, n_resamples=20000, confidence_level=0.95, method="percentile", random_state=1)
print("static const double bootstrap_low = %.17g, bootstrap_high = %.17g;" % r.confidence_interval)
