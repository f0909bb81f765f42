#!/usr/bin/env python3
"""Makes calibration_reference.h: temperatures by SciPy's minimiser and thresholds by trying every confidence, in float64. Run by hand with
SciPy 1.10 or later: python3 tests/unit/calibration_reference.py > tests/unit/calibration_reference.h"""
import numpy as np
import scipy
from scipy.optimize import minimize_scalar

ROWS, WIDTH, REFUSED = 40, 4, 0.02
state = 12345


def draw():
    global state
    state = (1103515245 * state + 12345) % 2**31
    return state / 2**31


def confidence(s, t):
    p = np.exp((s - s.max(1, keepdims=True)) / t)
    return p / p.sum(1, keepdims=True)


def ece(p, y):
    top, hit = p.max(1), p.argmax(1) == y
    b = np.clip(np.ceil(top * 10).astype(int) - 1, 0, 9)
    return sum(abs((top - hit)[b == k].sum()) for k in range(10)) / len(y)


print("/* Made by calibration_reference.py with SciPy %s and NumPy %s. */" % (scipy.__version__, np.__version__))
for name, scale in (("blunt", 1.0), ("sharp", 9.0)):
    s = np.array([[round((draw() - 0.5) * 4, 3) for _ in range(WIDTH)] for _ in range(ROWS)])
    y = np.array([int(draw() * WIDTH) if draw() < 0.35 else int(s[i].argmax()) for i in range(ROWS)])
    y[::10] = -1
    s *= scale
    known = y >= 0
    e = 1 / (known.sum() + 2)

    def loss(u):
        lp = np.log(confidence(s[known], np.exp(u)))
        right = lp[np.arange(known.sum()), y[known]]
        return -((1 - e) * right + e / (WIDTH - 1) * (lp.sum(1) - right)).mean()

    t = np.exp(minimize_scalar(loss, bounds=(np.log(1 / 32), np.log(32)), method="bounded", options={"xatol": 1e-12}).x)
    p = confidence(s, t)
    top, hit = p.max(1), p.argmax(1) == y
    order = np.sort(top[hit])[::-1]
    floor = order[len(order) - int(REFUSED * len(order)) - 1]
    print("static const float %s_scores[] = { %s };" % (name, ", ".join("%.9gf" % v if "." in "%.9g" % v else "%.9g.0f" % v for v in s.ravel())))
    print("static const int32_t %s_targets[] = { %s };" % (name, ", ".join(map(str, y))))
    print("static const double %s_found[] = { /* temperature, ECE before and after, threshold for no target */" % name)
    print("    %.12g, %.12g, %.12g, %.12g," % (t, ece(confidence(s[known], 1), y[known]), ece(p[known], y[known]), floor))
    print("    /* and for precisions of 0.7 and 0.8: threshold, precision, coverage */")
    for target in (0.7, 0.8):
        good = [c for c in top if hit[top >= c].mean() >= target]
        c = max(min(good), floor)
        print("    %.12g, %.12g, %.12g," % (c, hit[top >= c].mean(), (top >= c).mean()))
    print("};")
