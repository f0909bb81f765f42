#!/usr/bin/env python3
"""Makes off_policy_reference.h: estimates of one fixed log in exact fractions, straight from the definitions, with the errors of means as
those of a weighted mean and the error of SNIPS as the infinitesimal jackknife (the derivative of the estimate by the weight of each row),
not by the formulas of core/judge/off_policy.c. Run by hand: python3 tests/unit/off_policy_reference.py > tests/unit/off_policy_reference.h"""
from fractions import Fraction as F
from math import sqrt

ACTIONS, LIMIT = 3, F(3)
log = []  # (weight, reward, logging probabilities, policy probabilities, estimates, action)
for i in range(12):
    p = [F(1 + (i * 7 + k * 5) % 4, 1) for k in range(ACTIONS)]
    q = [F(1 + (i * 3 + k * 11) % 6, 1) for k in range(ACTIONS)]
    p, q = [x / sum(p) for x in p], [x / sum(q) for x in q]
    hat = [F((i * 5 + k * 3) % 8, 8) for k in range(ACTIONS)]
    log.append((F(2 + i % 3, 2), F((i * 3) % 5, 4), p, q, hat, (i * 2 + 1) % ACTIONS))


def estimate(rows, name, scale=None):
    """The estimate with the weight of row i multiplied by scale[i]."""
    top = bottom = F(0)
    for i, (w, r, p, q, hat, a) in enumerate(rows):
        w = w * (scale[i] if scale else 1)
        ratio, model = q[a] / p[a], sum(q[k] * hat[k] for k in range(ACTIONS))
        kept = ratio if name != "switch_dr" or ratio <= LIMIT else F(0)
        value = {"ips": ratio * r, "snips": ratio * r, "dm": model}.get(name, model + kept * (r - hat[a]))
        top += w * value
        bottom += w * (ratio if name == "snips" else 1)
    return top / bottom


def error(rows, name):
    """Infinitesimal jackknife (Efron 1982), by a small change of each row's weight in exact arithmetic; n / (n - 1) makes it unbiased."""
    h, n, square = F(1, 10**9), len(rows), F(0)
    for i in range(n):
        up = [1 + h if k == i else F(1) for k in range(n)]
        down = [1 - h if k == i else F(1) for k in range(n)]
        slope = (estimate(rows, name, up) - estimate(rows, name, down)) / (2 * h)
        square += slope * slope
    return sqrt(square * n / (n - 1))


print("/* Made by off_policy_reference.py. */")
print("static const struct logged_row reference_log[] = {")
for w, r, p, q, hat, a in log:
    model = sum(q[k] * hat[k] for k in range(ACTIONS))
    print("    { %r, %r, %r, %r, %r }," % tuple(float(x) for x in (w, r, q[a] / p[a], hat[a], model)))
print("};")
print("static const double reference_limit = %r;" % float(LIMIT))
print("static const struct { double value, error; } reference_estimate[] = {")
for name in ("ips", "snips", "dm", "dr", "switch_dr"):
    print("    { %.15g, %.10g }, /* %s */" % (estimate(log, name), error(log, name), name))
print("};")
ratio = [w * q[a] / p[a] for w, r, p, q, hat, a in log]
print("static const double reference_effective = %.15g, reference_reward = %.15g;"
      % (float(sum(ratio) ** 2 / sum(x * x for x in ratio)), float(sum(w * r for w, r, *_ in log) / sum(x[0] for x in log))))
