#!/usr/bin/env python3
"""Makes optimizers_reference.h: parameters after 1 and 20 steps, by PyTorch in float64 (LAMB, which it does not have, by the
formulas of the paper in NumPy), and learning rates by torch.optim.lr_scheduler. Run by hand with PyTorch 1.13 or later:
/usr/bin/python3 tests/unit/optimizers_reference.py > tests/unit/optimizers_reference.h"""
import json
import math
import numpy as np
import textwrap
import torch

STEPS, SHAPES = 20, [(6, 5), (7,)]


def start():
    out, k = [], 0
    for s in SHAPES:
        n = int(np.prod(s))
        out.append(np.array([np.float32(math.cos(0.3 * (k + i))) for i in range(n)], dtype=np.float64).reshape(s))
        k += n
    return out


def gradients(t):
    out, k = [], 0
    for s in SHAPES:
        n = int(np.prod(s))
        out.append(np.array([np.float32(math.sin(0.7 * (k + i) + 1.3 * t) * (1 + 0.1 * (k + i))) for i in range(n)],
                            dtype=np.float64).reshape(s))
        k += n
    return out


def by_torch(make):
    params = [torch.nn.Parameter(torch.tensor(p, dtype=torch.float64)) for p in start()]
    opt, seen = make(params), []
    for t in range(1, STEPS + 1):
        for p, g in zip(params, gradients(t)):
            p.grad = torch.tensor(g, dtype=torch.float64)
        opt.step()
        if t in (1, STEPS):
            seen.append(np.concatenate([p.detach().numpy().ravel() for p in params]))
    return seen


def lamb(lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-6, weight_decay=0.0):
    params, seen = start(), []
    m, v = [np.zeros_like(p) for p in params], [np.zeros_like(p) for p in params]
    for t in range(1, STEPS + 1):
        for i, g in enumerate(gradients(t)):
            m[i] = beta1 * m[i] + (1 - beta1) * g
            v[i] = beta2 * v[i] + (1 - beta2) * g * g
            u = (m[i] / (1 - beta1 ** t)) / (np.sqrt(v[i] / (1 - beta2 ** t)) + eps) + weight_decay * params[i]
            params[i] = params[i] - lr * np.linalg.norm(params[i]) / np.linalg.norm(u) * u
        if t in (1, STEPS):
            seen.append(np.concatenate([p.ravel() for p in params]))
    return seen


def numbers(v):
    return textwrap.fill("{ " + ", ".join("%.12g" % x for x in v) + " }", 118, subsequent_indent="        ")


T = torch.optim
CASES = [
    ("sgd", {"lr": 0.01}, lambda p: T.SGD(p, 0.01)),
    ("sgd", {"lr": 0.01, "momentum": 0.9, "weight_decay": 0.1}, lambda p: T.SGD(p, 0.01, momentum=0.9, weight_decay=0.1)),
    ("sgd", {"lr": 0.01, "momentum": 0.9, "dampening": 0.3}, lambda p: T.SGD(p, 0.01, momentum=0.9, dampening=0.3)),
    ("sgd", {"lr": 0.01, "momentum": 0.9, "nesterov": True}, lambda p: T.SGD(p, 0.01, momentum=0.9, nesterov=True)),
    ("adam", {"lr": 0.001}, lambda p: T.Adam(p, 0.001)),
    ("adam", {"lr": 0.02, "beta1": 0.8, "beta2": 0.9, "eps": 1e-4, "weight_decay": 0.1},
     lambda p: T.Adam(p, 0.02, (0.8, 0.9), 1e-4, 0.1)),
    ("adam", {"lr": 0.02, "amsgrad": True}, lambda p: T.Adam(p, 0.02, amsgrad=True)),
    ("adamw", {"lr": 0.02}, lambda p: T.AdamW(p, 0.02)),
    ("adamw", {"lr": 0.02, "weight_decay": 0.3, "amsgrad": True}, lambda p: T.AdamW(p, 0.02, weight_decay=0.3, amsgrad=True)),
    ("adagrad", {"lr": 0.05}, lambda p: T.Adagrad(p, 0.05)),
    ("adagrad", {"lr": 0.05, "lr_decay": 0.1, "initial_accumulator_value": 0.5, "weight_decay": 0.1},
     lambda p: T.Adagrad(p, 0.05, 0.1, 0.1, 0.5)),
    ("lamb", {"lr": 0.01}, None),
    ("lamb", {"lr": 0.01, "weight_decay": 0.2}, None),
]

print("/* Made by optimizers_reference.py with PyTorch %s and NumPy %s. */" % (torch.__version__, np.__version__))
print("static const struct { const char *name, *options; double one[37], all[37]; } optimizer_reference[] = {")
for name, options, make in CASES:
    one, last = by_torch(make) if make else lamb(**options)
    print('    { "%s", "%s",\n      %s,\n      %s },' % (name, json.dumps(options).replace('"', '\\"'), numbers(one), numbers(last)))
print("};")


def rates(make, total):
    p = torch.nn.Parameter(torch.zeros(1))
    opt = T.SGD([p], lr=0.3)
    s, out = make(opt), []
    for _ in range(total + 3):
        out.append(opt.param_groups[0]["lr"])
        opt.step()
        s.step()
    return out


L = T.lr_scheduler
print("static const struct { const char *name, *options; double rate[23]; } schedule_reference[] = {")
for name, options, make in [
        ("constant", {}, lambda o: L.LambdaLR(o, lambda t: 1.0)),
        ("linear", {}, lambda o: L.LinearLR(o, 1.0, 0.0, 20)),
        ("polynomial", {"lr_end": 0, "power": 2}, lambda o: L.PolynomialLR(o, 20, 2.0)),
        ("polynomial", {"lr_end": 0, "power": 0.5}, lambda o: L.PolynomialLR(o, 20, 0.5))]:
    print('    { "%s", "%s", %s },' % (name, json.dumps(options).replace('"', '\\"'), numbers(rates(make, 20))))
cosine = rates(lambda o: L.CosineAnnealingLR(o, 20), 20)
cosine[21:] = [0.0, 0.0]  # PyTorch rises again behind the end; here the value stays
print('    { "cosine", "{}", %s },' % numbers(cosine))
print("};")

metric = [1, 0.9, 0.9, 0.89999, 0.95, 0.8, 0.8, 0.8, 0.8, 0.81, 0.8, 0.7999, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6]
print("static const double plateau_metric[] = %s;" % numbers(metric))
print("static const struct { const char *options; double rate[20]; } plateau_reference[] = {")
for o in [{}, {"patience": 1}, {"patience": 1, "factor": 0.5, "cooldown": 2}, {"patience": 0, "min_lr": 0.05, "factor": 0.3},
          {"patience": 1, "threshold": 0.05, "threshold_mode": "abs"}]:
    opt = T.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
    s, out = L.ReduceLROnPlateau(opt, **o), []
    for v in metric:
        s.step(v)
        out.append(opt.param_groups[0]["lr"])
    print('    { "%s", %s },' % (json.dumps(o).replace('"', '\\"'), numbers(out)))
print("};")


def bowl(make):
    """f = sum a (x - c)^2 / 2 over 37 numbers."""
    x = torch.nn.Parameter(torch.tensor(np.concatenate([p.ravel() for p in start()])))
    a = torch.tensor([1 + 0.25 * (i % 9) for i in range(37)], dtype=torch.float64)
    c = torch.tensor([math.sin(i) for i in range(37)], dtype=torch.float64)
    opt = make([x])

    def closure():
        opt.zero_grad()
        f = (a * (x - c) ** 2).sum() / 2
        f.backward()
        return f
    opt.step(closure)
    return x.detach().numpy()


print("static const struct { const char *options; double x[37]; } lbfgs_reference[] = {")
for o in [{"lr": 0.5, "max_iter": 3, "line_search": "none"}, {"lr": 0.5, "max_iter": 8, "line_search": "none", "history_size": 3},
          {"lr": 1, "max_iter": 20, "line_search": "strong_wolfe"}]:
    k = dict(o)
    search = k.pop("line_search")
    k.setdefault("history_size", 10)
    print('    { "%s", %s },' % (json.dumps(o).replace('"', '\\"'),
                                 numbers(bowl(lambda p: T.LBFGS(p, line_search_fn=None if search == "none" else search, **k)))))
print("};")
