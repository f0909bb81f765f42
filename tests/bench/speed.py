"""One optimizer of torch.optim on one dense tensor: prints its name, the threads, and the median of nanoseconds a parameter. Run by
speed.sh: speed.py NAME THREADS FLOATS STEPS."""
import sys
import time
import torch

name, threads, n, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
torch.set_num_threads(threads)
p = torch.nn.Parameter(torch.linspace(-1, 1, n))
p.grad = torch.linspace(-.01, .01, n)
T = torch.optim
opt = {"adam": T.Adam, "adamw": T.AdamW, "sgd": lambda q, lr: T.SGD(q, lr, momentum=.9), "rmsprop": T.RMSprop, "adagrad": T.Adagrad}[name]([p], lr=1e-3)
took = []
for k in range(steps + 1):
    begin = time.perf_counter()
    opt.step()
    took.append((time.perf_counter() - begin) * 1e9 / n)
print(name, threads, "%.3f" % sorted(took[1:])[steps // 2])
