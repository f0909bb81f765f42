#!/usr/bin/env python3
"""Steps of a decoder of Llama's shape in PyTorch, as tests/bench/transformer.sh compares them: float32, AdamW, two threads.
  transformer.py LAYERS WIDTH HEADS VOCAB BATCH LENGTH SECONDS  prints tokens a second
  transformer.py limit SECONDS  prints what the machine multiplies at most: the median of 2048 x 2048 products, in GFLOP/s
"""
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(2)
torch.manual_seed(1)
if sys.argv[1] == "limit":
    a, b, times = torch.randn(2048, 2048), torch.randn(2048, 2048), []
    end = time.time() + float(sys.argv[2])
    while time.time() < end:
        begin = time.time()
        a @ b
        times.append(time.time() - begin)
    print(round(2 * 2048**3 / sorted(times)[len(times) // 2] / 1e9))
    sys.exit()
layers, width, heads, vocab, batch, length = map(int, sys.argv[1:7])
seconds = float(sys.argv[7])
hidden = (width * 8 // 3 + 31) // 32 * 32


class Norm(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * self.w


head = width // heads
angle = torch.arange(length)[:, None] * 10000.0 ** (-torch.arange(head // 2) * 2 / head)
cos, sin = angle.cos(), angle.sin()
mask = torch.full((length, length), float("-inf")).triu(1)


def turn(x):
    a, b = x[..., : head // 2], x[..., head // 2 :]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.n1, self.n2 = Norm(), Norm()
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.o = nn.Linear(width, width, bias=False)
        self.gate_up = nn.Linear(width, 2 * hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x):
        q, k, v = (t.view(batch, length, heads, head).transpose(1, 2) for t in self.qkv(self.n1(x)).split(width, -1))
        s = torch.softmax(turn(q) @ turn(k).transpose(-1, -2) * head**-0.5 + mask, -1)
        x = x + self.o((s @ v).transpose(1, 2).reshape(batch, length, width))
        g, u = self.gate_up(self.n2(x)).split(hidden, -1)
        return x + self.down(F.silu(g) * u)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(vocab, width)
        self.layers = nn.ModuleList(Layer() for _ in range(layers))
        self.norm = Norm()
        nn.init.normal_(self.embed.weight, std=0.02)

    def forward(self, x):
        h = self.embed(x)
        for layer in self.layers:
            h = layer(h)
        return self.norm(h) @ self.embed.weight.T


model = Model()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
data = torch.randint(vocab, (batch, length + 1))


def step():
    loss = F.cross_entropy(model(data[:, :-1]).reshape(-1, vocab), data[:, 1:].reshape(-1))
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return loss.item()


step()
start, n = time.time(), 0
while time.time() - start < seconds:
    step()
    n += 1
print(round(n * batch * length / (time.time() - start)))
