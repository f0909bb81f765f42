#!/usr/bin/env python3
"""Makes metrics.golden: metrics on five sets of answers by scikit-learn and SciPy where they have them, and else by definitions written down
here from their papers. One JSON object a line: {name, rows: [[label, predicted, probabilities...]], names, values: {metric: {result: number}}}.
Run by hand with scikit-learn 1.2 or later: /usr/bin/python3 tests/parity/metrics.py > tests/parity/metrics.golden"""
import collections
import json
import math
import random
import re
import unicodedata
import warnings

import numpy as np
from sklearn import metrics as sk

warnings.filterwarnings("ignore")
LEAST = 2.0 ** -23


# ---- texts ----

def tokens_13a(s):
    s = s.replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    s = s.replace("&quot;", '"').replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")
    s = " " + s + " "
    s = re.sub(r"([\{-\~\[-\` -\&\(-\+\:-\@\/])", r" \1 ", s)
    s = re.sub(r"([^0-9])([\.,])", r"\1 \2 ", s)
    s = re.sub(r"([\.,])([^0-9])", r" \1 \2", s)
    s = re.sub(r"([0-9])(-)", r"\1 \2 ", s)
    return s.split()


def counts(t, n):
    return collections.Counter(tuple(t[i:i + n]) for i in range(len(t) - n + 1))


def clipped(a, b, n):
    x, y = counts(a, n), counts(b, n)
    return sum(min(c, y[g]) for g, c in x.items()), sum(x.values()), sum(y.values())


def bleu(pairs):
    match, total, answer, expected = [0] * 4, [0] * 4, 0, 0
    for a, e in pairs:
        a, e = tokens_13a(a), tokens_13a(e)
        answer += len(a)
        expected += len(e)
        for n in range(1, 5):
            m, x, _ = clipped(a, e, n)
            match[n - 1] += m
            total[n - 1] += x
    if match[0] == 0 or min(total) == 0:
        return 0.0
    logs, smooth = [], 1.0
    for m, x in zip(match, total):
        if m == 0:
            smooth *= 2
        logs.append(math.log(m / x) if m else math.log(1 / (smooth * x)))
    brevity = 1.0 if answer >= expected else math.exp(1 - expected / answer)
    return brevity * math.exp(math.fsum(logs) / 4)


def chrf_of(stats):
    p = [m / a for m, a, e in stats if a and e]
    r = [m / e for m, a, e in stats if a and e]
    if not p or sum(p) + sum(r) == 0:
        return 0.0
    p, r = sum(p) / len(p), sum(r) / len(r)
    return (1 + 4) * p * r / (4 * p + r)


def chrf_stats(a, e):
    a, e = "".join(a.split()), "".join(e.split())
    return [clipped(list(a), list(e), n) for n in range(1, 7)]


def words(s):
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", s).casefold())


def lcs(a, b):
    t = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a):
        for k, y in enumerate(b):
            t[i + 1][k + 1] = t[i][k] + 1 if x == y else max(t[i][k + 1], t[i + 1][k])
    return t[-1][-1]


def distance(a, b):
    t = [[i + k if not i or not k else 0 for k in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for k in range(1, len(b) + 1):
            t[i][k] = min(t[i - 1][k - 1] + (a[i - 1] != b[k - 1]), t[i - 1][k] + 1, t[i][k - 1] + 1)
    return t[-1][-1]


def f1(m, a, e):
    return 2 * m / (a + e) if m else 0.0


def texts(pairs):
    n, out = len(pairs), {}
    out["bleu"] = {"bleu": bleu(pairs)}
    stats = [chrf_stats(a, e) for a, e in pairs]
    out["chrf"] = {"chrf": chrf_of([tuple(sum(s[i][k] for s in stats) for k in range(3)) for i in range(6)])}
    out["relevance"] = {"relevance": sum(1.0 if a == e else chrf_of(s) for s, (a, e) in zip(stats, pairs)) / n}
    w = [(words(a), words(e)) for a, e in pairs]
    out["rouge"] = {"rouge_l": sum(f1(lcs(a, e), len(a), len(e)) for a, e in w) / n,
                    "rouge_1": sum(f1(*clipped(a, e, 1)) for a, e in w) / n,
                    "rouge_2": sum(f1(*clipped(a, e, 2)) for a, e in w) / n}
    out["exact_match"] = {"exact_match": sum(a.split() == e.split() for a, e in pairs) / n}
    out["edit_similarity"] = {"edit_similarity": sum(1 - distance(a, e) / max(len(a), len(e)) if a or e else 1.0 for a, e in pairs) / n}
    out["word_error_rate"] = {"word_error_rate": sum(distance(a.split(), e.split()) for a, e in pairs) / sum(len(e.split()) for _, e in pairs)}
    distinct = {}
    for k in (1, 2, 3):
        grams = [g for a, _ in w for g in counts(a, k).elements()]
        distinct["distinct_%d" % k] = len(set(grams)) / len(grams)
    out["distinct_n"] = distinct
    return out


# ---- classes ----

def one_vs_rest(score, y, p, width, average):
    got, weight = [], []
    for k in range(width):
        is_k = y == k
        if is_k.any() and not is_k.all():
            got.append(score(is_k, p[:, k]))
            weight.append(is_k.sum())
    return float(np.average(got, weights=weight if average == "weighted" else None))


def classes(y, predicted, p):
    n, width = p.shape
    out = {"accuracy": {"accuracy": sk.accuracy_score(y, predicted)},
           "balanced_accuracy": {"balanced_accuracy": sk.balanced_accuracy_score(y, predicted)},
           "matthews_correlation": {"matthews_correlation": sk.matthews_corrcoef(y, predicted)},
           "cohen_kappa": {"cohen_kappa": sk.cohen_kappa_score(y, predicted)}}
    for average in ("macro", "micro", "weighted"):
        got = sk.precision_recall_fscore_support(y, predicted, average=average, zero_division=0)
        for name, v in zip(("precision", "recall", "f1_score"), got):
            out["%s:average=%s" % (name, average)] = {name: v}
    onehot = np.zeros((n, width))
    known = y >= 0
    onehot[np.arange(n)[known], y[known]] = 1
    right = np.clip(np.where(known, p[np.arange(n), np.where(known, y, 0)], 0), LEAST, 1 - LEAST)
    loss = float(-np.log(right).mean())
    if known.all() and (right > LEAST).all() and (right < 1 - LEAST).all():  # rows need not sum to 1 to the last bit, which log_loss() mends
        assert abs(loss - sk.log_loss(y, p, labels=list(range(width)))) < 1e-6
    out["loss"] = {"loss": loss}
    out["perplexity"] = {"perplexity": math.exp(loss)}
    out["brier"] = {"brier": float((((p - onehot) ** 2).sum(axis=1) + ~known).mean())}  # an unknown output has probability 0
    if width == 2:
        assert abs(out["brier"]["brier"] - 2 * sk.brier_score_loss(y, p[:, 1])) < 1e-6
    place = [0 if not k else 1 + sum(q > r[t] or (q == r[t] and i < t) for i, q in enumerate(r)) for r, t, k in zip(p, y, known)]
    for k in (1, 2, 5):
        hits = sum(0 < r <= k for r in place) / n
        out["top_k:k=%d" % k] = {"top_k": hits}
        out["hit_at_k:k=%d" % k] = {"hit_at_k": hits}
        if known.all() and k < width and len(set(p.ravel())) == p.size:
            assert abs(hits - sk.top_k_accuracy_score(y, p if width > 2 else p[:, 1], k=k, labels=list(range(width)))) < 1e-12
    out["mrr"] = {"mrr": sum(1 / r for r in place if r) / n}
    top = p[np.arange(n), predicted]
    for bins in (10, 15):
        b = np.minimum(np.maximum(np.ceil(top * bins).astype(int) - 1, 0), bins - 1)
        gaps = [(abs(((predicted == y)[b == k]).mean() - top[b == k].mean()), (b == k).sum()) for k in range(bins) if (b == k).any()]
        out["calibration_error:bins=%d" % bins] = {"ece": float(sum(g * c for g, c in gaps) / n), "mce": float(max(g for g, _ in gaps))}
    for average in ("macro", "weighted"):
        out["roc_auc:average=" + average] = {"roc_auc": one_vs_rest(sk.roc_auc_score, y, p, width, average)}
        out["average_precision:average=" + average] = {"average_precision": one_vs_rest(sk.average_precision_score, y, p, width, average)}
    if not known.all():
        out["out_of_scope_auroc"] = {"out_of_scope_auroc": sk.roc_auc_score(known, top)}
    return out


# ---- sets of answers ----

NAMES = ["Open Orders and choose Track.", "Refunds take 3-5 days, at most 10; see \"Refunds\".", "Write to us: we answer within 24 hours!",
         "Öffne die Einstellungen, dann „Konto“.", "A parcel costs 4.95 € (2.50 € for members).", "We don't ship to P.O. boxes, sorry.",
         "Open Orders, then choose Return & print the label.", "Yes", "Yes, we do.", "Nothing of the above."]


def case(name, n, width, unknown, ties, sharp, seed):
    r = random.Random(seed)
    y, p = [], []
    for i in range(n):
        t = r.randrange(width) if r.random() < 0.7 else r.randrange(max(1, width // 3))
        score = [r.gauss(0, 1) + (sharp if k == t else 0) for k in range(width)]
        if ties:
            score = [round(s) for s in score]
        e = [math.exp(s) for s in score]
        p.append([np.float32(v / sum(e)) for v in e])
        y.append(-1 if unknown and i % 9 == 0 else t)
    p32 = np.array(p, dtype=np.float32)
    p64 = p32.astype(float)
    predicted = p64.argmax(axis=1)
    y = np.array(y)
    values = classes(y, predicted, p64)
    expected = [NAMES[t] if t >= 0 else NAMES[9] for t in y]
    values.update(texts([(NAMES[k], e) for k, e in zip(predicted, expected)]))
    rows = [[int(t), int(k)] + [float(v) for v in q] for t, k, q in zip(y, predicted, p32)]
    print(json.dumps({"name": name, "width": width, "names": NAMES[:width] + ([NAMES[9]] if unknown else []), "rows": rows, "values": values}, ensure_ascii=True))


case("two outputs", 80, 2, False, False, 1.0, 1)
case("seven outputs", 120, 7, False, False, 1.5, 2)
case("ties", 100, 4, False, True, 1.0, 3)
case("unknown outputs", 90, 6, True, False, 2.0, 4)
case("nearly all right", 60, 9, False, False, 6.0, 5)
