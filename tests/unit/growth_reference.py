#!/usr/bin/env python3
"""Makes growth_reference.h: power laws with an offset as SciPy fits them, by bounded least squares with weights. Run by hand with SciPy 1.10:
/usr/bin/python3 tests/unit/growth_reference.py > tests/unit/growth_reference.h"""
import random

import numpy as np
import scipy
from scipy import optimize

rows = np.array([750.0, 1500, 3000, 6000, 12000])
r = random.Random(3)


def array(v):
    return "{ " + ", ".join("%.17g" % x for x in v) + " }"


print("/* Made by growth_reference.py with SciPy %s. */" % scipy.__version__)
print("static const struct { double rows[5], error[5], weight[5], a, b, c, residual; } growth_reference[] = {")
for a, b, c, noise in [(0.02, 8.0, 0.5, 0.0), (0.05, 40.0, 0.8, 0.004), (0.0, 3.0, 0.35, 0.004), (0.1, 2.0, 0.4, 0.002), (0.0, 0.9, 0.1, 0.001)]:
    e = np.array([a + b * n ** -c + r.gauss(0, noise) for n in rows])
    w = 1000 / (e * (1 - e) + 0.001)
    z = rows / rows[-1]
    best = None
    for start in (0.1, 0.3, 0.6, 1.2):
        f = optimize.least_squares(lambda p: np.sqrt(w) * (p[0] + p[1] * z ** -p[2] - e), [0.01, 0.05, start], bounds=([0, 0, 0.05], [1, 10, 2]),
                                   xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=10000)
        if best is None or f.cost < best.cost:
            best = f
    p = best.x
    residual = np.sqrt(np.mean((p[0] + p[1] * z ** -p[2] - e) ** 2))
    print("    { %s, %s, %s, %.17g, %.17g, %.17g, %.17g }," % (array(rows), array(e), array(w), p[0], p[1] * rows[-1] ** p[2], p[2], residual))
print("};")
