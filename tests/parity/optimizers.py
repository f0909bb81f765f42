#!/usr/bin/env python3
"""Makes optimizers.golden: parameters after 50 steps on three problems, in float64, by PyTorch where it has the optimizer and
else by the formulas of docs/formulas.md written down once more here. One line a case: optimizer|options|problem|sensitivity|37
numbers. The sensitivity is the relative difference that it makes to the reference itself when weights and gradients are rounded to
float32 in each step: where a rule turns on the sign of what is nearly 0, that is much.
The methods that estimate a distance begin with one of
1e-3 here: at their own 1e-6, the rounding of float32 weights of size 1 is a twentieth of a step. Run by hand with PyTorch 1.13 or later: /usr/bin/python3 tests/parity/optimizers.py > tests/parity/optimizers.golden"""
import json
import math
import sys
import numpy as np
import torch

STEPS, SHAPES, N = 50, [(6, 5), (7,)], 37


ROUND = False


def rounded(v):
    return np.asarray(v, dtype=np.float32).astype(np.float64) if ROUND else v


def split(x):
    return [x[:30].reshape(6, 5), x[30:]]


def join(parts):
    return np.concatenate([np.asarray(p).ravel() for p in parts])


def start():
    return np.array([float(np.float32(math.cos(0.3 * i))) for i in range(N)])


# ---- problems: the gradient at x in step t ----

def quadratic(x, t):
    """x' A x / 2 - c' x with A = D + u u', plus a disturbance that changes with the step."""
    d = np.array([1 + 0.25 * (i % 9) for i in range(N)])
    u = np.array([0.2 * math.sin(i + 1) for i in range(N)])
    c = np.array([math.sin(i) for i in range(N)])
    noise = np.array([0.1 * math.sin(0.7 * i + 1.3 * t) for i in range(N)])
    return d * x + u * (u @ x) - c + noise


def rosenbrock(x, t):
    """A hundredth of Rosenbrock's function of 18 pairs; in a chain of 37 numbers, roundings grow to wholes in 50 steps."""
    g = np.zeros(N)
    for i in range(0, N - 1, 2):
        b = x[i + 1] - x[i] ** 2
        g[i] += (-400 * x[i] * b - 2 * (1 - x[i])) / 100
        g[i + 1] += 2 * b
    return g


def softmax(x, t):
    """Two of six features a step, five outputs: four rows of the matrix and two elements of the vector get no gradient."""
    w, b = x[:30].reshape(6, 5), x[30:35]
    f = np.zeros(6)
    f[t % 6], f[(t * 5 + 1) % 6] = 1.0, 0.5
    s = f @ w + b
    p = np.exp(s - s.max())
    p /= p.sum()
    p[(t * 7) % 5] -= 1
    g = np.zeros(N)
    g[:30] = np.outer(f, p).ravel()
    g[30:35] = p
    return g


PROBLEMS = {"quadratic": quadratic, "rosenbrock": rosenbrock, "softmax": softmax}


def quadratic_loss(x, t):
    d = np.array([1 + 0.25 * (i % 9) for i in range(N)])
    u = np.array([0.2 * math.sin(i + 1) for i in range(N)])
    line = np.array([-math.sin(i) + 0.1 * math.sin(0.7 * i + 1.3 * t) for i in range(N)])
    return float((d * x * x).sum() / 2 + (u @ x) ** 2 / 2 + line @ x)


def rosenbrock_loss(x, t):
    return sum(100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(0, N - 1, 2)) / 100


def softmax_loss(x, t):
    f = np.zeros(6)
    f[t % 6], f[(t * 5 + 1) % 6] = 1.0, 0.5
    s = f @ x[:30].reshape(6, 5) + x[30:35]
    return float(np.log(np.exp(s).sum()) - s[(t * 7) % 5])


LOSSES = {quadratic: quadratic_loss, rosenbrock: rosenbrock_loss, softmax: softmax_loss}


# ---- optimizers ----

def by_torch(make, served=None):
    """served: the state whose values are served in the place of the parameters."""
    def run(problem, **_):
        params = [torch.nn.Parameter(torch.tensor(p, dtype=torch.float64)) for p in split(start())]
        opt = make(params)
        for t in range(1, STEPS + 1):
            x = join([p.detach().numpy() for p in params])
            for p, g in zip(params, split(rounded(problem(x, t)))):
                p.grad = torch.tensor(g.copy(), dtype=torch.float64)
            opt.step()
            for p in params:
                p.data = torch.tensor(rounded(p.detach().numpy()), dtype=torch.float64)
        return join([(opt.state[p][served] if served else p.detach()).numpy() for p in params])
    return run


def by_lbfgs(**k):
    """A new optimizer each step: Hone makes pairs of vectors within a step only, since the next one has another batch."""
    def run(problem, **_):
        params = [torch.nn.Parameter(torch.tensor(p, dtype=torch.float64)) for p in split(start())]
        for t in range(1, STEPS + 1):
            def closure():
                x = join([p.detach().numpy() for p in params])
                for p, g in zip(params, split(rounded(problem(x, t)))):
                    p.grad = torch.tensor(g.copy(), dtype=torch.float64)
                return torch.tensor(LOSSES[problem](x, t), dtype=torch.float64)
            torch.optim.LBFGS(params, **k).step(closure)
            for p in params:
                p.data = torch.tensor(rounded(p.detach().numpy()), dtype=torch.float64)
        return join([p.detach().numpy() for p in params])
    return run


def stepped(rule, per_tensor=False, served=None):
    """rule(x, g, state, t, **options) -> x; state is a dict that begins empty. per_tensor: called for each tensor."""
    def run(problem, **options):
        x, states = start(), [{}, {}]
        for t in range(1, STEPS + 1):
            g = rounded(problem(x, t))
            if per_tensor:
                x = join([rule(a, b, s, t, **options) for a, b, s in zip(split(x), split(g), states)])
            else:
                x = rule(x, g, states[0], t, **options)
            x = rounded(x)
        return states[0][served] if served else x
    return run


def ema(s, key, value, beta):
    s[key] = beta * s.get(key, np.zeros_like(value)) + (1 - beta) * value
    return s[key]


def hat(m, beta, t):
    return m / (1 - beta ** t)


def lamb(x, g, s, t, lr=1e-3, beta1=.9, beta2=.999, eps=1e-6, weight_decay=0.):
    u = hat(ema(s, "m", g, beta1), beta1, t) / (np.sqrt(hat(ema(s, "v", g * g, beta2), beta2, t)) + eps) + weight_decay * x
    a, b = np.linalg.norm(x), np.linalg.norm(u)
    return x - lr * (a / b if a > 0 and b > 0 else 1) * u


def lars(x, g, s, t, lr=.1, weight_decay=0., trust_coefficient=.001, eps=0., momentum=.9, nesterov=False):
    g = g + weight_decay * x
    a, b = np.linalg.norm(x), np.linalg.norm(g)
    u = -lr * (trust_coefficient * a / (b + eps) if a > 0 and b > 0 else 1) * g
    s["b"] = momentum * s.get("b", 0) + u
    return x + (u + momentum * s["b"] if nesterov else s["b"])


def fromage(x, g, s, t, lr=.01, min_norm=1e-6):
    ratio = max(np.linalg.norm(x), min_norm) / max(np.linalg.norm(g), min_norm)
    return (x - lr * ratio * g) / math.sqrt(1 + lr * lr)


def novograd(x, g, s, t, lr=.001, beta1=.9, beta2=.25, eps=1e-6, eps_root=0., weight_decay=0.):
    n = float((g * g).sum())
    s["v"] = n if t == 1 else beta2 * s["v"] + (1 - beta2) * n
    u = g / (math.sqrt(s["v"] + eps_root) + eps) + weight_decay * x
    s["m"] = u if t == 1 else beta1 * s["m"] + u
    return x - lr * s["m"]


def lion(x, g, s, t, lr=.001, beta1=.9, beta2=.99, weight_decay=.001):
    m = s.get("m", np.zeros_like(g))
    u = np.sign(beta1 * m + (1 - beta1) * g)
    s["m"] = beta2 * m + (1 - beta2) * g
    return x - lr * (u + weight_decay * x)


def radam(x, g, s, t, lr=.001, beta1=.9, beta2=.999, eps=1e-8, weight_decay=0., decoupled_weight_decay=False):
    """As PyTorch 2; PyTorch 1.13 has no decoupled decay."""
    if decoupled_weight_decay:
        x = (1 - lr * weight_decay) * x
    else:
        g = g + weight_decay * x
    m, v = hat(ema(s, "m", g, beta1), beta1, t), ema(s, "v", g * g, beta2)
    top = 2 / (1 - beta2) - 1
    rho = top - 2 * t * beta2 ** t / (1 - beta2 ** t)
    if rho <= 5:
        return x - lr * m
    r = math.sqrt((rho - 4) * (rho - 2) * top / ((top - 4) * (top - 2) * rho))
    return x - lr * m * r * math.sqrt(1 - beta2 ** t) / (np.sqrt(v) + eps)


def adabelief(x, g, s, t, lr=.001, beta1=.9, beta2=.999, eps=1e-16, eps_root=1e-16, weight_decay=0.):
    m = ema(s, "m", g, beta1)
    v = ema(s, "s", (g - m) ** 2, beta2)
    s["s"] = v = v + eps_root
    return x - lr * (hat(m, beta1, t) / (np.sqrt(hat(v, beta2, t)) + eps) + weight_decay * x)


def nadam(x, g, s, t, lr=.002, beta1=.9, beta2=.999, eps=1e-8, weight_decay=0., momentum_decay=.004, decoupled_weight_decay=False):
    """As PyTorch 2; PyTorch 1.13 multiplies the product of the momenta by the present one twice."""
    if decoupled_weight_decay:
        x = (1 - lr * weight_decay) * x
    else:
        g = g + weight_decay * x
    mu, after = (beta1 * (1 - .5 * .96 ** (k * momentum_decay)) for k in (t, t + 1))
    s["p"] = s.get("p", 1.) * mu
    m, v = ema(s, "m", g, beta1), ema(s, "v", g * g, beta2)
    return x - lr * ((1 - mu) / (1 - s["p"]) * g + after / (1 - s["p"] * after) * m) / (np.sqrt(hat(v, beta2, t)) + eps)


def yogi(x, g, s, t, lr=.001, beta1=.9, beta2=.999, eps=1e-3, initial_accumulator_value=1e-6):
    if t == 1:
        s["m"] = s["v"] = np.full_like(x, initial_accumulator_value)
    v = s["v"] - (1 - beta2) * np.sign(s["v"] - g * g) * g * g
    s["v"] = v
    return x - lr * hat(ema(s, "m", g, beta1), beta1, t) / (np.sqrt(hat(v, beta2, t)) + eps)


def adan(x, g, s, t, lr=.001, beta1=.98, beta2=.92, beta3=.99, eps=1e-8, eps_root=1e-8, weight_decay=0.):
    d = np.zeros_like(g) if t == 1 else g - s["g"]
    s["g"] = g
    m, v, n = ema(s, "m", g, beta1), ema(s, "v", d, beta2), ema(s, "n", (g + (1 - beta2) * d) ** 2, beta3)
    u = (hat(m, beta1, t) + (1 - beta2) * hat(v, beta2, t)) / (np.sqrt(hat(n, beta3, t) + eps_root) + eps)
    return x - lr * (u + weight_decay * x)


def ademamix(x, g, s, t, lr=.001, beta1=.9, beta2=.999, beta3=.9999, alpha=5., eps=1e-8, weight_decay=0.):
    m, slow, v = ema(s, "m", g, beta1), ema(s, "slow", g, beta3), ema(s, "v", g * g, beta2)
    return x - lr * ((hat(m, beta1, t) + alpha * slow) / (np.sqrt(hat(v, beta2, t)) + eps) + weight_decay * x)


def adopt(x, g, s, t, lr=.001, beta1=.9, beta2=.9999, eps=1e-6, weight_decay=0., use_clipping=True):
    v = s.get("v", np.zeros_like(g))
    u = g / np.maximum(np.sqrt(v), eps)
    if use_clipping:
        u = np.clip(u, -(t - 1) ** .25, (t - 1) ** .25)
    b1, b2 = (1, 0) if t == 1 else (beta1, beta2)
    s["m"] = b1 * s.get("m", np.zeros_like(g)) + (1 - b1) * u
    s["v"] = b2 * v + (1 - b2) * g * g
    return x - lr * (s["m"] + weight_decay * x)


def signsgd(x, g, s, t, lr=.001, weight_decay=0.):
    return x - lr * (np.sign(g) + weight_decay * x)


def signum(x, g, s, t, lr=.001, beta=.9, weight_decay=0.):
    return x - lr * (np.sign(ema(s, "m", g, beta)) + weight_decay * x)


def ftrl(x, g, s, t, lr=.001, learning_rate_power=-.5, initial_accumulator_value=.1, l1=0., l2=0., l2_shrinkage=0., beta=0.):
    p = -learning_rate_power
    old = s.get("n", np.full_like(x, initial_accumulator_value))
    new = old + g * g
    z = s.get("z", np.zeros_like(x)) + g + 2 * l2_shrinkage * x - (new ** p - old ** p) / lr * x
    s["n"], s["z"] = new, z
    return (np.clip(z, -l1, l1) - z) / (new ** p / lr + 2 * (l2 + beta / (2 * lr)))


def madgrad(x, g, s, t, lr=.01, momentum=.9, weight_decay=0., eps=1e-6):
    if t == 1:
        s["x0"] = x
    g = g + weight_decay * x
    k = (lr + eps) * math.sqrt(t)
    s["n"] = s.get("n", 0) + k * g * g
    s["s"] = s.get("s", 0) + k * g
    return momentum * x + (1 - momentum) * (s["x0"] - s["s"] / (np.cbrt(s["n"]) + eps))


def cocob(x, g, s, t, lr=1., alpha=100., eps=1e-8, weight_decay=0.):
    if t == 1:
        s.update(x0=x, L=np.full_like(x, eps), G=np.zeros_like(x), R=np.zeros_like(x), th=np.zeros_like(x))
    g = lr * (g + weight_decay * x)
    s["L"] = np.maximum(s["L"], abs(g))
    s["G"] = s["G"] + abs(g)
    s["R"] = np.maximum(s["R"] - g * (x - s["x0"]), 0)
    s["th"] = s["th"] - g
    return s["x0"] + s["th"] / (s["L"] * np.maximum(s["G"] + s["L"], alpha * s["L"])) * (s["L"] + s["R"])


def dog(x, g, s, t, lr=1., eps=1e-8, init_step="heuristic", init_value=1e-6, weight_decay=0.):
    if t == 1:
        r = {"heuristic": init_value * (1 + np.linalg.norm(x)), "distance": init_value, "learning_rate": 0.}[init_step]
        s.update(x0=x, r=r, G=0.)
    g = lr * (g + weight_decay * x)
    s["r"] = max(s["r"], np.linalg.norm(x - s["x0"]))
    s["G"] += float((g * g).sum())
    rate = init_value if t == 1 and init_step == "learning_rate" else s["r"] / math.sqrt(s["G"] + eps)
    return x - rate * g


def prodigy(x, g, s, t, lr=1., beta1=.9, beta2=.999, beta3=0., eps=1e-8, estim_lr0=1e-6, estim_lr_coef=1., weight_decay=0.,
            safeguard_warmup=False):
    beta3 = beta3 or math.sqrt(beta2)
    if t == 1:
        s.update(x0=x, d=estim_lr0, num=0., s=np.zeros_like(x))
    d = s["d"]
    dlr = d * lr * math.sqrt(1 - beta2 ** t) / (1 - beta1 ** t)
    num = float(g @ (s["x0"] - x))
    m, v = ema(s, "m", d * g, beta1), ema(s, "v", (d * g) ** 2, beta2)
    s["s"] = beta3 * s["s"] + (d if safeguard_warmup else dlr) * d * g / estim_lr0
    s["num"] = beta3 * s["num"] + d / estim_lr0 * dlr * num
    s["d"] = max(d, estim_lr_coef * s["num"] / abs(s["s"]).sum())
    return x - dlr * m / (np.sqrt(v) + s["d"] * eps) - weight_decay * dlr * x


def dadapt_adam(x, g, s, t, lr=1., beta1=.9, beta2=.999, eps=1e-8, estim_lr0=1e-6, weight_decay=0.):
    if t == 1:
        s.update(d=estim_lr0, num=0., s=np.zeros_like(x), m=np.zeros_like(x), v=np.zeros_like(x))
    r, d = math.sqrt(beta2), s["d"]
    dlr = d * lr * math.sqrt(1 - beta2 ** t) / (1 - beta1 ** t)
    num = float(g @ (s["s"] / (np.sqrt(s["v"]) + eps)))
    m = s["m"] = beta1 * s["m"] + (1 - beta1) * dlr * g
    v = s["v"] = beta2 * s["v"] + (1 - beta2) * g * g
    s["s"] = r * s["s"] + (1 - r) * dlr * g
    s["num"] = r * s["num"] + (1 - r) * dlr * num
    s["d"] = max(d, s["num"] / ((1 - r) * abs(s["s"]).sum()))
    return x - weight_decay * dlr * x - m / (np.sqrt(v) + eps)


def schedule_free(x, g, s, t, lr, beta1, weight_lr_power, u):
    if t == 1:
        s.update(z=x, w=0., top=0.)
    s["top"] = max(s["top"], lr)
    w = s["top"] ** weight_lr_power
    s["w"] += w
    c = w / s["w"]
    avg = (x - (1 - beta1) * s["z"]) / beta1
    s["z"] = s["z"] - lr * u
    s["avg"] = avg = (1 - c) * avg + c * s["z"]
    return beta1 * avg + (1 - beta1) * s["z"]


def schedule_free_sgd(x, g, s, t, lr=1., beta1=.9, weight_decay=0., weight_lr_power=2.):
    return schedule_free(x, g, s, t, lr, beta1, weight_lr_power, g + weight_decay * x)


def schedule_free_adamw(x, g, s, t, lr=.0025, beta1=.9, beta2=.999, eps=1e-8, weight_decay=0., weight_lr_power=2.):
    u = g / (np.sqrt(hat(ema(s, "v", g * g, beta2), beta2, t)) + eps) + weight_decay * x
    return schedule_free(x, g, s, t, lr, beta1, weight_lr_power, u)


def adafactor(x, g, s, t, lr=.01, beta2_decay=-.8, eps1=2.0 ** -23, eps2=1e-3, d=1., weight_decay=0.):
    rms = np.linalg.norm(x) / math.sqrt(x.size)
    k, alpha = t ** beta2_decay, max(eps2, rms) * min(lr, 1 / math.sqrt(t))
    if g.ndim == 2:
        s["r"] = s.get("r", 0) + k * ((g * g).mean(1) - s.get("r", 0))
        s["c"] = s.get("c", 0) + k * ((g * g).mean(0) - s.get("c", 0))
        v = np.outer(s["r"], s["c"]) / max(s["r"].mean(), eps1)
    else:
        s["v"] = v = s.get("v", 0) + k * (g * g - s.get("v", 0))
    u = g / np.sqrt(np.maximum(v, eps1 * eps1))
    return (1 - lr * weight_decay) * x - alpha / max(1, np.linalg.norm(u) / (math.sqrt(x.size) * d)) * u


def sm3(x, g, s, t, lr=.1, momentum=.9, beta2=1., eps=1e-8):
    k = 1 - beta2 if beta2 < 1 else 1.
    if g.ndim == 2:
        r, c = s.get("r", np.zeros(g.shape[0])), s.get("c", np.zeros(g.shape[1]))
        v = k * g * g + beta2 * np.minimum(r[:, None], c[None, :])
        s["r"], s["c"] = v.max(1), v.max(0)
    else:
        s["v"] = v = k * g * g + beta2 * s.get("v", 0)
    u = np.where(v > 0, g / np.sqrt(v + eps), 0)
    return x - lr * ema(s, "m", u, momentum)


def muon(x, g, s, t, lr=.001, weight_decay=.1, momentum=.95, nesterov=True, a=3.4445, b=-4.775, c=2.0315, eps=1e-7, ns_steps=5,
         adjust_lr_fn="original", beta1=.9, beta2=.999):
    if g.ndim != 2:
        m, v = ema(s, "m", g, beta1), ema(s, "v", g * g, beta2)
        return (1 - lr * weight_decay) * x - lr * hat(m, beta1, t) / (np.sqrt(hat(v, beta2, t)) + 1e-8)
    m = ema(s, "m", g, momentum)
    u = g + momentum * (m - g) if nesterov else m
    rows, cols = u.shape
    u = u.T if rows > cols else u
    u = u / max(np.linalg.norm(u), eps)
    for _ in range(ns_steps):
        q = u @ u.T
        u = a * u + (b * q + c * q @ q) @ u
    u = u.T if rows > cols else u
    shape = math.sqrt(max(1, rows / cols)) if adjust_lr_fn == "original" else .2 * math.sqrt(max(rows, cols))
    return (1 - lr * weight_decay) * x - lr * shape * u


def sign_of(seed, t, i):
    """Of the generator that sophia.c describes."""
    mask = 2 ** 64 - 1
    z = (seed * 0x9e3779b97f4a7c15 + t * 0xd1b54a32d192ed03 + i) & mask
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9 & mask
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb & mask
    return 1. if (z ^ (z >> 31)) & 1 else -1.


def sophia(problem, lr=.001, beta1=.965, beta2=.99, eps=1e-8, weight_decay=1e-4, gamma=.01, clip_threshold=1., distance=1e-3,
           update_interval=10, seed=0):
    x, m, h = start(), np.zeros(N), np.zeros(N)
    for t in range(1, STEPS + 1):
        g = problem(x, t)
        m = beta1 * m + (1 - beta1) * g
        u = np.clip(hat(m, beta1, t) / np.maximum(gamma * h, eps), -clip_threshold, clip_threshold)
        if (t - 1) % update_interval == 0:
            s = np.array([sign_of(seed, t, i) for i in range(N)])
            h = beta2 * h + (1 - beta2) * s * (problem(x + distance * s, t) - g) / distance
        x = rounded(x - lr * (u + weight_decay * x))
    return x


def inner_adam(x, g, s, t, lr):
    return x - lr * hat(ema(s, "m", g, .9), .9, t) / (np.sqrt(hat(ema(s, "v", g * g, .999), .999, t)) + 1e-8)


def inner_sgd(x, g, s, t, lr, momentum=0.):
    s["b"] = momentum * s.get("b", 0) + g
    return x - lr * s["b"]


def sam(problem, rho=.05, base="adam", base_options=None, lr=.001):
    x, s = start(), {}
    o = dict(base_options or {})
    for t in range(1, STEPS + 1):
        g = problem(x, t)
        g = problem(x + rho / (np.linalg.norm(g) + 1e-12) * g, t)
        x = rounded(inner_adam(x, g, s, t, lr) if base == "adam" else inner_sgd(x, g, s, t, lr, **o))
    return x


def lookahead(problem, alpha=.5, k=5, base="adam", base_options=None, lr=.001):
    x, s = start(), {}
    slow = x
    o = dict(base_options or {})
    for t in range(1, STEPS + 1):
        g = problem(x, t)
        x = rounded(inner_adam(x, g, s, t, lr) if base == "adam" else inner_sgd(x, g, s, t, lr, **o))
        if t % k == 0:
            slow = slow + alpha * (x - slow)
            x = slow
    return x


T = torch.optim
CASES = [
    ("sgd", {"lr": .01}, by_torch(lambda p: T.SGD(p, .01))),
    ("sgd", {"lr": .01, "momentum": .8, "dampening": .3, "weight_decay": .1}, by_torch(lambda p: T.SGD(p, .01, .8, .3, .1))),
    ("sgd", {"lr": .005, "momentum": .9, "nesterov": True}, by_torch(lambda p: T.SGD(p, .005, .9, nesterov=True))),
    ("adam", {"lr": .02}, by_torch(lambda p: T.Adam(p, .02))),
    ("adam", {"lr": .02, "beta1": .8, "beta2": .9, "eps": 1e-4, "weight_decay": .1, "amsgrad": True},
     by_torch(lambda p: T.Adam(p, .02, (.8, .9), 1e-4, .1, True))),
    ("adamw", {"lr": .02}, by_torch(lambda p: T.AdamW(p, .02))),
    ("adamw", {"lr": .02, "beta1": .8, "beta2": .9, "eps": 1e-4, "weight_decay": .3, "amsgrad": True},
     by_torch(lambda p: T.AdamW(p, .02, (.8, .9), 1e-4, .3, True))),
    ("radam", {"lr": .02}, by_torch(lambda p: T.RAdam(p, .02))),
    ("radam", {"lr": .02, "beta1": .8, "beta2": .9, "eps": 1e-4, "weight_decay": .1},
     by_torch(lambda p: T.RAdam(p, .02, (.8, .9), 1e-4, .1))),
    ("adamax", {"lr": .02}, by_torch(lambda p: T.Adamax(p, .02))),
    ("adamax", {"lr": .02, "beta1": .8, "beta2": .9, "eps": 1e-4, "weight_decay": .1},
     by_torch(lambda p: T.Adamax(p, .02, (.8, .9), 1e-4, .1))),
    ("adadelta", {"lr": 1}, by_torch(lambda p: T.Adadelta(p))),
    ("adadelta", {"lr": .5, "rho": .8, "eps": 1e-4, "weight_decay": .1}, by_torch(lambda p: T.Adadelta(p, .5, .8, 1e-4, .1))),
    ("adagrad", {"lr": .05}, by_torch(lambda p: T.Adagrad(p, .05))),
    ("adagrad", {"lr": .05, "lr_decay": .1, "initial_accumulator_value": .5, "weight_decay": .1, "eps": 1e-4},
     by_torch(lambda p: T.Adagrad(p, .05, .1, .1, .5, 1e-4))),
    ("rmsprop", {"lr": .01}, by_torch(lambda p: T.RMSprop(p, .01))),
    ("rmsprop", {"lr": .01, "alpha": .9, "eps": 1e-4, "weight_decay": .1, "momentum": .5},
     by_torch(lambda p: T.RMSprop(p, .01, .9, 1e-4, .1, .5))),
    ("rmsprop", {"lr": .005, "alpha": .9, "eps": .01, "centered": True},
     by_torch(lambda p: T.RMSprop(p, .005, .9, .01, centered=True))),
    ("rprop", {"lr": .01}, by_torch(lambda p: T.Rprop(p, .01))),
    ("rprop", {"lr": .02, "eta_minus": .4, "eta_plus": 1.3, "step_min": 1e-3, "step_max": .05},
     by_torch(lambda p: T.Rprop(p, .02, (.4, 1.3), (1e-3, .05)))),
    ("asgd", {"lr": .01}, by_torch(lambda p: T.ASGD(p, .01))),
    ("asgd", {"lr": .02, "lambd": .01, "alpha": .6, "t0": 10, "weight_decay": .1},
     by_torch(lambda p: T.ASGD(p, .02, .01, .6, 10, .1))),
]
for rule, sets, per_tensor in [
        (lamb, [{"lr": .01}, {"lr": .01, "beta1": .8, "beta2": .9, "eps": 1e-4, "weight_decay": .2}], 1),
        (lars, [{"lr": 1}, {"lr": 1, "weight_decay": .1, "trust_coefficient": .01, "eps": .1, "momentum": .5, "nesterov": True}], 1),
        (fromage, [{"lr": .01}, {"lr": .02, "min_norm": 1}], 1),
        (novograd, [{"lr": .01}, {"lr": .01, "beta1": .8, "beta2": .5, "eps": .01, "eps_root": .1, "weight_decay": .1}], 1),
        (lion, [{"lr": .01}, {"lr": .01, "beta1": .8, "beta2": .9, "weight_decay": .1}], 0),
        (adabelief, [{"lr": .01, "eps": 1e-8}, {"lr": .01, "beta1": .8, "beta2": .9, "eps": 1e-4, "eps_root": 1e-6, "weight_decay": .1}], 0),
        (nadam, [{"lr": .02}, {"lr": .01, "beta1": .8, "beta2": .9, "eps": 1e-3, "weight_decay": .1, "momentum_decay": .02},
                 {"lr": .02, "weight_decay": .1, "decoupled_weight_decay": True}], 0),
        (radam, [{"lr": .02, "beta2": .9, "weight_decay": .1, "decoupled_weight_decay": True}], 0),
        (yogi, [{"lr": .01}, {"lr": .01, "beta1": .8, "beta2": .9, "eps": .01, "initial_accumulator_value": .1}], 0),
        (adan, [{"lr": .01}, {"lr": .01, "beta1": .9, "beta2": .8, "beta3": .95, "eps": 1e-4, "eps_root": 1e-4, "weight_decay": .1}], 0),
        (ademamix, [{"lr": .01}, {"lr": .01, "beta1": .8, "beta2": .9, "beta3": .99, "alpha": 2, "eps": 1e-4, "weight_decay": .1}], 0),
        (adopt, [{"lr": .01}, {"lr": .01, "beta1": .8, "beta2": .9, "eps": .01, "weight_decay": .1, "use_clipping": False}], 0),
        (signsgd, [{"lr": .01}, {"lr": .01, "weight_decay": .1}], 0),
        (signum, [{"lr": .01}, {"lr": .01, "beta": .8, "weight_decay": .1}], 0),
        (ftrl, [{"lr": .1}, {"lr": .1, "learning_rate_power": -.7, "initial_accumulator_value": .5, "l1": .05, "l2": .02,
                            "l2_shrinkage": .01, "beta": .1}], 0),
        (madgrad, [{"lr": .01}, {"lr": .02, "momentum": .5, "weight_decay": .1, "eps": .01}], 0),
        (cocob, [{"lr": 1}, {"lr": .5, "alpha": 10, "eps": .01, "weight_decay": .1}], 0),
        (dog, [{"lr": 1, "init_value": 1e-3}, {"lr": .5, "eps": .01, "init_step": "distance", "init_value": .01, "weight_decay": .1},
               {"lr": 1, "init_step": "learning_rate", "init_value": .01}], 0),
        (prodigy, [{"lr": 1, "estim_lr0": 1e-3}, {"lr": .5, "beta1": .8, "beta2": .9, "beta3": .8, "eps": 1e-4, "estim_lr0": .001, "estim_lr_coef": .5,
                               "weight_decay": .1, "safeguard_warmup": True}], 0),
        (dadapt_adam, [{"lr": 1, "estim_lr0": 1e-3}, {"lr": .5, "beta1": .8, "beta2": .9, "eps": .01, "estim_lr0": .001, "weight_decay": .1}], 0),
        (schedule_free_sgd, [{"lr": .05}, {"lr": .05, "beta1": .8, "weight_decay": .1, "weight_lr_power": 1}], 0),
        (schedule_free_adamw, [{"lr": .02}, {"lr": .01, "beta1": .8, "beta2": .9, "eps": .01, "weight_decay": .1, "weight_lr_power": 1}], 0),
        (adafactor, [{"lr": .01}, {"lr": .02, "beta2_decay": -.5, "eps1": .01, "eps2": .1, "d": .5, "weight_decay": .1}], 1),
        (sm3, [{"lr": .02}, {"lr": .02, "momentum": .5, "beta2": .9, "eps": .01}], 1),
        (muon, [{"lr": .02}, {"lr": .02, "weight_decay": .2, "momentum": .9, "nesterov": False, "a": 3, "b": -3.2, "c": 1.2, "eps": .01,
                             "ns_steps": 3, "adjust_lr_fn": "match_rms_adamw", "beta1": .8, "beta2": .9}], 1)]:
    for options in sets:
        CASES.append((rule.__name__, options, stepped(rule, per_tensor)))
for rule, sets in [
        (sophia, [{"lr": .002}, {"lr": .002, "beta1": .9, "beta2": .9, "eps": .01, "weight_decay": .01, "gamma": .5, "clip_threshold": .5,
                                "distance": .01, "update_interval": 3, "seed": 5}]),
        (sam, [{"lr": .02, "base": "adam"}, {"lr": .01, "rho": .2, "base": "sgd", "base_options": {"momentum": .9}}]),
        (lookahead, [{"lr": .02, "base": "adam"},
                     {"lr": .01, "alpha": .8, "k": 3, "base": "sgd", "base_options": {"momentum": .9}}])]:
    for options in sets:
        CASES.append((rule.__name__, options, rule))

CASES += [
    ("lbfgs", {"lr": .05, "max_iter": 2, "line_search": "none"}, by_lbfgs(lr=.05, max_iter=2)),
    ("lbfgs", {"lr": .1, "max_iter": 2, "max_eval": 4, "history_size": 2, "tolerance_grad": .1, "tolerance_change": 1e-4},
     by_lbfgs(lr=.1, max_iter=2, max_eval=4, history_size=2, tolerance_grad=.1, tolerance_change=1e-4, line_search_fn="strong_wolfe")),
]
# What is served where it is not the parameters: "problem served" in the third column.
SERVED = [
    ("asgd", {"lr": .02, "lambd": .01, "alpha": .6, "t0": 10, "serve_average": True}, by_torch(lambda p: T.ASGD(p, .02, .01, .6, 10), "ax")),
    ("schedule_free_sgd", {"lr": .05, "beta1": .8}, stepped(schedule_free_sgd, served="avg")),
    ("schedule_free_adamw", {"lr": .01, "beta1": .8}, stepped(schedule_free_adamw, served="avg")),
]

print("# Made by optimizers.py with PyTorch %s and NumPy %s." % (torch.__version__, np.__version__))
for name, options, run, what in [c + ("",) for c in CASES] + [c + (" served",) for c in SERVED]:
    for problem in PROBLEMS:
        ROUND = True
        near = run(PROBLEMS[problem], **options)
        ROUND = False
        x = run(PROBLEMS[problem], **options)
        if not np.isfinite(x).all() or abs(x).max() > 100:
            sys.exit("%s %s on %s leaves the numbers that can be compared" % (name, options, problem))
        print("%s|%s|%s%s|%.2g|%s" % (name, json.dumps(options), problem, what, abs(near - x).max() / abs(x).max(),
                                      " ".join("%.9g" % v for v in x)))
