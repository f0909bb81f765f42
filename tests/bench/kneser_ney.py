#!/usr/bin/env python3
"""The baseline of tests/bench/writing.sh: an interpolated Kneser-Ney model (Chen & Goodman, 1999, three discounts an order) over the
tokens of a tokenizer.json, trained on the inputs and answers of a file, measured on the answers of another, in nats a character.
  kneser_ney.py TOKENIZER TRAIN.jsonl TEST.jsonl [ORDER]
"""
import json
import math
import sys
import unicodedata
from collections import Counter, defaultdict

order = int(sys.argv[4]) if len(sys.argv) > 4 else 4
spec = json.load(open(sys.argv[1]))
vocab, size = spec["model"]["vocab"], len(spec["model"]["vocab"])
rank = {tuple(m if isinstance(m, list) else m.split(" ")): i for i, m in enumerate(spec["model"]["merges"])}
names, k = [], 256
for b in range(256):
    shown = 33 <= b <= 126 or 161 <= b <= 172 or 174 <= b <= 255
    names.append(chr(b if shown else k))
    k += not shown


def kind(c):
    return "s" if c.isspace() else unicodedata.category(c)[0] if unicodedata.category(c)[0] in "LN" else "o"


def pieces(text):  # GPT-2's pattern
    i, n = 0, len(text)
    while i < n:
        for c in ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d"):
            if text.startswith(c, i):
                j = i + len(c)
                break
        else:
            j = i + (text[i] == " " and i + 1 < n and kind(text[i + 1]) != "s")
            what = kind(text[j])
            while j < n and kind(text[j]) == what:
                j += 1
            if what == "s" and j < n and j - i > 1:
                j -= 1
        yield text[i:j]
        i = j


known = {}


def tokens(text):
    out = []
    for p in pieces(text):
        if p not in known:
            parts = [names[b] for b in p.encode()]
            while len(parts) > 1:
                best = min(range(len(parts) - 1), key=lambda i: rank.get((parts[i], parts[i + 1]), 1 << 30))
                if (parts[best], parts[best + 1]) not in rank:
                    break
                parts[best : best + 2] = [parts[best] + parts[best + 1]]
            known[p] = [vocab[t] for t in parts]
        out += known[p]
    return out


def rows(path):
    for line in open(path):
        r = json.loads(line)
        yield [-1] * (order - 1) + tokens(r["input"]) + [-2], tokens(r["expected_output"]) + [-3], len(r["expected_output"])


count = [Counter() for _ in range(order + 1)]
for given, answer, _ in rows(sys.argv[2]):
    seq = given + answer
    for i in range(order - 1, len(seq)):
        count[order][tuple(seq[i - order + 1 : i + 1])] += 1
for n in range(order - 1, 0, -1):  # below the highest order: how many different tokens stand before
    for gram in count[n + 1]:
        count[n][gram[1:]] += 1
total, follow, discount = [None], [None], [None]
for n in range(1, order + 1):
    t, f, c = defaultdict(int), defaultdict(lambda: [0, 0, 0]), Counter(min(v, 4) for v in count[n].values())
    y = c[1] / (c[1] + 2 * c[2]) if c[1] else 0.5
    discount.append([0] + [max(0.05, i - (i + 1) * y * c[i + 1] / c[i]) if c[i] else 0.5 for i in (1, 2, 3)])
    for gram, v in count[n].items():
        t[gram[:-1]] += v
        f[gram[:-1]][min(v, 3) - 1] += 1
    total.append(t)
    follow.append(f)


def probability(history, token):
    p = 1 / (size + 1)
    for n in range(1, order + 1):
        h = tuple(history[len(history) - n + 1 :])
        t = total[n].get(h)
        if not t:
            continue
        v, d = count[n].get(h + (token,), 0), discount[n]
        back = sum(d[i + 1] * follow[n][h][i] for i in range(3)) / t
        p = max(v - d[min(v, 3)], 0) / t + back * p
    return p


nats = characters = 0
for given, answer, length in rows(sys.argv[3]):
    seq = given + answer
    nats -= sum(math.log(probability(seq[:i], seq[i])) for i in range(len(given), len(seq)))
    characters += length
print(f"{nats / characters:.4f}")
