#!/usr/bin/env python3
"""Makes tests/unit/answers_reference.h with PyTorch (Debian's python3-torch): losses of whole answers and their gradients by the scores, in
float64, by autograd: of pairs (Rafailov et al., 2023, equation 7; label smoothing as in Mitchell, 2023) and of drawn answers (Williams, 1992, with
the mean of the other answers to an input as the baseline). Scores are made of integers, so that the tests make the same.
  /usr/bin/python3 tests/unit/answers_reference.py > tests/unit/answers_reference.h
"""
import torch
from torch.nn.functional import logsigmoid

WIDTH = 11


def scores(rows, t):
    v = [((i * 7919 + t * 104729) % 1009 - 504) / 260 for i in range(rows * WIDTH)]
    return torch.tensor(v, dtype=torch.float64).reshape(rows, WIDTH).requires_grad_()


def targets(rows):
    return [-1 if i == 4 else (i * 5 + 2) % WIDTH for i in range(rows)]


def numbers(name, t):
    v = [f"{x:.12g}" for x in t.detach().reshape(-1).tolist()]
    print(f"static const double {name}[] = {{")
    for i in range(0, len(v), 8):
        print("    " + ", ".join(v[i:i + 8]) + ",")
    print("};")


def cut(lengths):
    at, out = 0, []
    for n in lengths:
        out.append((at, at + n))
        at += n
    return at, out


print("/* Made by tests/unit/answers_reference.py; not edited. */\n#ifndef ANSWERS_REFERENCE_H\n#define ANSWERS_REFERENCE_H")

# Pairs: rows of the chosen and the rejected answer of each example; the second is marked partial.
n, parts = cut([3, 2, 1, 4, 2, 2])
s, ref, y, weight = scores(n, 1), scores(n, 2).detach(), targets(n), [1, 0.5 * 0.5, 2]
for name, beta, smoothing in (("plain", 0.3, 0), ("smooth", 1.5, 0.1)):
    loss, preferred = 0, 0
    for e in range(3):
        ratio = []
        for begin, end in parts[2 * e:2 * e + 2]:
            ratio.append(sum(s.log_softmax(1)[i, y[i]] - ref.log_softmax(1)[i, y[i]] for i in range(begin, end) if y[i] >= 0))
        margin = ratio[0] - ratio[1]
        loss = loss - weight[e] * ((1 - smoothing) * logsigmoid(beta * margin) + smoothing * logsigmoid(-beta * margin))
        preferred += weight[e] * (margin.item() > 0)
    s.grad = None
    loss.backward()
    print(f"static const double pairs_{name}_loss = {loss.item():.12g}, pairs_{name}_preferred = {preferred:.12g};")
    numbers(f"pairs_{name}_grad", s.grad)

# Drawn answers: three to each of two inputs, with their rewards, the divergence from the start and the entropy.
n, parts = cut([2, 1, 3, 1, 2, 2])
s, ref, y, weight = scores(n, 3), scores(n, 4).detach(), [(i * 5 + 2) % WIDTH for i in range(n)], [1, 0.5]
reward = [0.25, 1, 0.5, 0, 0.125, 0.75]
loss = 0
for a, (begin, end) in enumerate(parts):
    e = a // 3
    others = sum(reward[3 * e + k] for k in range(3) if 3 * e + k != a) / 2
    for i in range(begin, end):
        ln, base = s.log_softmax(1)[i], ref.log_softmax(1)[i]
        loss = loss + weight[e] * (-(reward[a] - others) * ln[y[i]] + 0.2 * (ln.exp() * (ln - base)).sum() + 0.05 * (ln.exp() * ln).sum())
loss.backward()
print(f"static const double drawn_loss = {loss.item():.12g};")
numbers("drawn_grad", s.grad)
print("#endif")
