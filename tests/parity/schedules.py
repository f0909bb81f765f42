#!/usr/bin/env python3
"""Makes schedules.golden: the rate of 200 steps (and 10 behind the end), by torch.optim.lr_scheduler where it has the schedule and
else by its formula. One line a case: scheduler|options|total|210 numbers. The configured rate is 0.3. Run by hand with PyTorch 1.13 or
later: /usr/bin/python3 tests/parity/schedules.py > tests/parity/schedules.golden"""
import json
import math
import torch

BASE, TOTAL, ALL = 0.3, 200, 210
L = torch.optim.lr_scheduler


def by_torch(make, steps=ALL):
    opt = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=BASE)
    s, out = make(opt), []
    for t in range(steps):
        out.append(opt.param_groups[0]["lr"])
        opt.step()
        if t + 1 < steps:
            s.step()
    return out + [out[-1]] * (ALL - steps)


def formula(f):
    return [BASE * f(t) for t in range(ALL)]


def half_cosine(p, cycles, rate):
    return max(0, .5 * (1 + math.cos(math.pi * cycles * 2 * p)) * (1 - rate) + rate)


def stable_decay(stable, decay, shape, low=0., cycles=.5):
    def f(t):
        if t < stable:
            return 1
        if t >= stable + decay:
            return low
        p = (t - stable) / max(1, decay)
        g = {"cosine": .5 * (1 + math.cos(math.pi * cycles * 2 * p)), "linear": 1 - p, "1-sqrt": 1 - math.sqrt(p)}[shape]
        return max(0, g * (1 - low) + low)
    return formula(f)


def own_warmup(t, w, rate, low, cycles=.5):
    if t < w:
        return rate + (1 - rate) * t / max(1, w - 1) if rate else (t + 1) / max(1, w)
    return half_cosine((t - w + 1) / max(1, TOTAL - w), cycles, low)


CASES = [
    ("constant", {}, formula(lambda t: 1)),
    ("constant_with_warmup", {}, formula(lambda t: 1)),
    ("linear", {}, by_torch(lambda o: L.LinearLR(o, 1, 0, TOTAL))),
    ("cosine", {}, formula(lambda t: .5 * (1 + math.cos(math.pi * min(t, TOTAL) / TOTAL)))),
    ("cosine", {"num_cycles": 1.5}, formula(lambda t: max(0, .5 * (1 + math.cos(math.pi * 3 * min(t, TOTAL) / TOTAL))))),
    ("polynomial", {"lr_end": 0, "power": 2}, by_torch(lambda o: L.PolynomialLR(o, TOTAL, 2))),
    ("polynomial", {"lr_end": .01, "power": .5}, formula(lambda t: (.29 * (1 - min(t, TOTAL) / TOTAL) ** .5 + .01) / BASE)),
    ("cosine_with_restarts", {}, formula(lambda t: 0 if t >= TOTAL else .5 * (1 + math.cos(math.pi * t / TOTAL)))),
    ("cosine_with_restarts", {"num_cycles": 3}, formula(lambda t: 0 if t >= TOTAL else .5 * (1 + math.cos(math.pi * ((3 * t / TOTAL) % 1))))),
    ("cosine_with_min_lr", {"min_lr": .03}, formula(lambda t: half_cosine(t / TOTAL, .5, .1))),
    ("cosine_with_min_lr", {"min_lr_rate": .2, "num_cycles": 1.5}, formula(lambda t: half_cosine(t / TOTAL, 1.5, .2))),
    ("cosine_warmup_with_min_lr", {"min_lr_rate": .1, "warmup_steps": 20, "warmup_lr_rate": .05}, formula(lambda t: own_warmup(t, 20, .05, .1))),
    ("cosine_warmup_with_min_lr", {"warmup_steps": 10}, formula(lambda t: own_warmup(t, 10, 0, 0))),
    ("cosine_warmup_with_min_lr", {"warmup_steps": 10, "min_lr": .06, "num_cycles": 1.5}, formula(lambda t: own_warmup(t, 10, 0, .2, 1.5))),
    ("inverse_sqrt", {}, formula(lambda t: 1 / math.sqrt((t + 10000) / 10000))),
    ("inverse_sqrt", {"timescale": 30}, formula(lambda t: 1 / math.sqrt((t + 30) / 30))),
    ("warmup_stable_decay", {}, stable_decay(160, 40, "cosine")),
    ("warmup_stable_decay", {"stable_steps": 50, "decay_steps": 100, "decay_type": "linear", "min_lr_ratio": .1}, stable_decay(50, 100, "linear", .1)),
    ("warmup_stable_decay", {"decay_steps": 60, "decay_type": "1-sqrt"}, stable_decay(140, 60, "1-sqrt")),
    ("warmup_stable_decay", {"decay_steps": 80, "num_cycles": 1.5, "min_lr_ratio": .05}, stable_decay(120, 80, "cosine", .05, 1.5)),
    ("step", {"step_size": 30}, by_torch(lambda o: L.StepLR(o, 30))),
    ("step", {"step_size": 7, "gamma": .8}, by_torch(lambda o: L.StepLR(o, 7, .8))),
    ("multistep", {"milestones": "10, 50,51", "gamma": .5}, by_torch(lambda o: L.MultiStepLR(o, [10, 50, 51], .5))),
    ("exponential", {"gamma": .98}, by_torch(lambda o: L.ExponentialLR(o, .98))),
    ("inverse_time", {"decay_steps": 10, "decay_rate": .3}, formula(lambda t: 1 / (1 + .3 * t / 10))),
    ("inverse_time", {"decay_steps": 10, "staircase": True}, formula(lambda t: 1 / (1 + .5 * (t // 10)))),
    ("one_cycle", {}, by_torch(lambda o: L.OneCycleLR(o, BASE, TOTAL), TOTAL)),
    ("one_cycle", {"pct_start": .4, "div_factor": 10, "final_div_factor": 100, "anneal_strategy": "linear"},
     by_torch(lambda o: L.OneCycleLR(o, BASE, TOTAL, pct_start=.4, div_factor=10, final_div_factor=100, anneal_strategy="linear"), TOTAL)),
    ("one_cycle", {"three_phase": True}, by_torch(lambda o: L.OneCycleLR(o, BASE, TOTAL, three_phase=True), TOTAL)),
    ("cyclic", {"max_lr": .9, "step_size_up": 20}, by_torch(lambda o: L.CyclicLR(o, BASE, .9, 20, cycle_momentum=False))),
    ("cyclic", {"max_lr": .9, "step_size_up": 20, "step_size_down": 30, "mode": "triangular2"},
     by_torch(lambda o: L.CyclicLR(o, BASE, .9, 20, 30, "triangular2", cycle_momentum=False))),
    ("cyclic", {"max_lr": .9, "step_size_up": 20, "mode": "exp_range", "gamma": .99},
     by_torch(lambda o: L.CyclicLR(o, BASE, .9, 20, None, "exp_range", .99, cycle_momentum=False))),
    ("cosine_annealing_warm_restarts", {"t_0": 30}, by_torch(lambda o: L.CosineAnnealingWarmRestarts(o, 30))),
    ("cosine_annealing_warm_restarts", {"t_0": 20, "t_mult": 2, "eta_min": .01}, by_torch(lambda o: L.CosineAnnealingWarmRestarts(o, 20, 2, .01))),
    ("linear_decay", {}, by_torch(lambda o: L.LinearLR(o, 1, 0, TOTAL))),
    ("linear_decay", {"start_factor": .25, "end_factor": .75, "total_iters": 50}, by_torch(lambda o: L.LinearLR(o, .25, .75, 50))),
    ("constant_factor", {}, by_torch(lambda o: L.ConstantLR(o))),
    ("constant_factor", {"factor": .5, "total_iters": 40}, by_torch(lambda o: L.ConstantLR(o, .5, 40))),
    ("rex", {}, formula(lambda t: (1 - min(t / TOTAL, 1)) / (.5 + .5 * (1 - min(t / TOTAL, 1))))),
    ("rex", {"beta": .2}, formula(lambda t: (1 - min(t / TOTAL, 1)) / (.8 + .2 * (1 - min(t / TOTAL, 1))))),
]
print("# Made by schedules.py with PyTorch %s." % torch.__version__)
for name, options, values in CASES:
    print("%s|%s|%d|%s" % (name, json.dumps(options), TOTAL, " ".join("%.17g" % v for v in values)))
