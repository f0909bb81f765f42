#!/usr/bin/env python3
"""Makes tests/unit/decoder_reference.h with PyTorch (Debian's python3-torch): the scores, the loss and all gradients of a small
decoder of Llama's shape, in float64, written here from its description (Touvron et al., 2023) with autograd. Weights are made of
integers, so that the test makes the same.
  /usr/bin/python3 tests/unit/decoder_reference.py > tests/unit/decoder_reference.h
"""
import math

import torch

VOCAB, WIDTH, LAYERS, HEADS, KV, HIDDEN = 13, 16, 2, 4, 2, 24
HEAD = WIDTH // HEADS
THETA, EPS = 10000.0, 1e-5
TEXTS = [[1, 5, 2, 9, 12, 3], [4, 4, 7], [11, 0, 8, 6]]
ROWS = [4, 2, 1]          # of the last tokens of each text
TARGETS = [[9, 2, -1, 5], [7, 1], [0]]


def names(tied):
    out = [("embed", (VOCAB, WIDTH))]
    for i in range(LAYERS):
        out += [(f"{i}.att_norm", (WIDTH,)), (f"{i}.q", (HEADS * HEAD, WIDTH)), (f"{i}.k", (KV * HEAD, WIDTH)), (f"{i}.v", (KV * HEAD, WIDTH)),
                (f"{i}.o", (WIDTH, HEADS * HEAD)), (f"{i}.mlp_norm", (WIDTH,)), (f"{i}.gate", (HIDDEN, WIDTH)), (f"{i}.up", (HIDDEN, WIDTH)),
                (f"{i}.down", (WIDTH, HIDDEN))]
    out.append(("norm", (WIDTH,)))
    if not tied:
        out.append(("head", (VOCAB, WIDTH)))
    return out


def weight(t, shape):
    n = math.prod(shape)
    v = torch.tensor([((i * 7919 + t * 104729) % 1009 - 504) / 1260 for i in range(n)], dtype=torch.float64)
    return ((v + 1 if len(shape) == 1 else v).reshape(shape)).requires_grad_()


def norm(x, w):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + EPS) * w


def turn(x):  # [tokens, heads, head]
    half = HEAD // 2
    angle = torch.arange(x.shape[0], dtype=torch.float64)[:, None] * THETA ** (-torch.arange(half, dtype=torch.float64) * 2 / HEAD)
    c, s = angle.cos()[:, None, :], angle.sin()[:, None, :]
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * c - b * s, b * c + a * s], -1)


def decoder(w, tokens):
    x = w["embed"][tokens]
    n = len(tokens)
    mask = torch.full((n, n), float("-inf"), dtype=torch.float64).triu(1)
    for i in range(LAYERS):
        h = norm(x, w[f"{i}.att_norm"])
        q = turn((h @ w[f"{i}.q"].T).reshape(n, HEADS, HEAD))
        k = turn((h @ w[f"{i}.k"].T).reshape(n, KV, HEAD))
        v = (h @ w[f"{i}.v"].T).reshape(n, KV, HEAD)
        out = []
        for j in range(HEADS):
            g = j // (HEADS // KV)
            out.append(torch.softmax(q[:, j] @ k[:, g].T / math.sqrt(HEAD) + mask, -1) @ v[:, g])
        x = x + torch.cat(out, -1) @ w[f"{i}.o"].T
        h = norm(x, w[f"{i}.mlp_norm"])
        x = x + (torch.nn.functional.silu(h @ w[f"{i}.gate"].T) * (h @ w[f"{i}.up"].T)) @ w[f"{i}.down"].T
    return norm(x, w["norm"]) @ w.get("head", w["embed"]).T


def numbers(name, t):
    v = [f"{x:.12g}" for x in t.detach().reshape(-1).tolist()]
    print(f"static const double {name}[] = {{")
    for i in range(0, len(v), 8):
        print("    " + ", ".join(v[i:i + 8]) + ",")
    print("};")


print("/* Made by tests/unit/decoder_reference.py; not edited. */\n#ifndef DECODER_REFERENCE_H\n#define DECODER_REFERENCE_H")
for tied in (1, 0):
    w = {name: weight(t, shape) for t, (name, shape) in enumerate(names(tied))}
    rows, loss = [], 0
    for text, n, target in zip(TEXTS, ROWS, TARGETS):
        scores = decoder(w, text)[-n:]
        rows.append(scores)
        for s, y in zip(scores, target):
            loss = loss + (0 if y < 0 else torch.logsumexp(s, 0) - s[y])
    loss.backward()
    tag = "tied" if tied else "own"
    print(f"static const double decoder_{tag}_loss = {loss.item():.12g};")
    numbers(f"decoder_{tag}_scores", torch.cat(rows))
    numbers(f"decoder_{tag}_grad", torch.cat([v.grad.reshape(-1) for v in w.values()]))
# A model with the vocabulary of tokens_llama_json, for the test of folders: every 40th score after each token.
VOCAB = 480
w = {name: weight(t, shape) for t, (name, shape) in enumerate(names(0))}
numbers("decoder_folder_scores", decoder(w, [5, 300, 479, 17])[:, ::40])
print("#endif")
