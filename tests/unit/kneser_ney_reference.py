#!/usr/bin/env python3
"""Makes kneser_ney_reference.h: probabilities of an interpolated Kneser-Ney trigram model by its definition, in exact fractions, with
dictionaries of counts and nothing of the C code's ways. Run by hand: python3 tests/unit/kneser_ney_reference.py > tests/unit/kneser_ney_reference.h"""
from collections import Counter, defaultdict
from fractions import Fraction

ROWS = [(0, "where is my parcel"), (0, "where is my order now"), (0, "is my parcel on its way"), (1, "i want my money back"),
        (1, "give my money back now"), (1, "where is my money"), (1, "is it on its way back")]
WORDS = sorted({w for _, t in ROWS for w in t.split()}) + ["</s>"]


class Model:
    def __init__(self, texts, most, base):
        top = Counter()
        for t in texts:
            w = ["<s>", "<s>"] + t.split() + ["</s>"]
            for i in range(2, len(w)):
                top[tuple(w[i - 2:i + 1])] += 1
        self.counts = {3: top, 2: Counter(), 1: Counter()}
        for n in (2, 1):  # how many distinct words stand before
            before = defaultdict(set)
            for g in self.counts[n + 1]:
                before[g[1:]].add(g[0])
            for g, b in before.items():
                self.counts[n][g] = len(b)
        self.base, self.discount = base, {}
        for n in (1, 2, 3):
            of = Counter(self.counts[n].values())
            d = Fraction(of[1], of[1] + 2 * of[2]) if of[1] else Fraction(0)
            self.discount[n] = min(d, most)

    def p(self, a, b, w, n=3):
        if n == 0:
            return self.base.p(a, b, w) if self.base else Fraction(1, len(WORDS))
        h = (a, b)[3 - n:] if n > 1 else ()
        behind = {g[-1]: c for g, c in self.counts[n].items() if g[:-1] == h}
        lower = self.p(a, b, w, n - 1)
        if not behind:
            return lower
        total, d = sum(behind.values()), self.discount[n]
        return max(behind.get(w, 0) - d, Fraction(0)) / total + d * len(behind) / total * lower


everything = Model([t for _, t in ROWS], Fraction(1), None)
of = [Model([t for k, t in ROWS if k == o], Fraction(3, 10), everything) for o in (0, 1)]
ASKED = [("<s>", "<s>", "where"), ("<s>", "<s>", "give"), ("is", "my", "parcel"), ("is", "my", "money"), ("is", "my", "way"), ("my", "money", "back"),
         ("my", "money", "</s>"), ("way", "back", "now"), ("its", "way", "</s>"), ("<s>", "is", "it"), ("order", "order", "my")]
for m in [everything] + of:
    for a, b in {(a, b) for a, b, _ in ASKED}:
        assert sum(m.p(a, b, w) for w in WORDS) == 1
print("/* Made by kneser_ney_reference.py. */")
print("static const struct { int32_t output; const char *text; } kn_rows[] = {")
for o, t in ROWS:
    print('    { %d, "%s" },' % (o, t))
print("};\n/* p(word | a b) by the model of all rows and by those of the two outputs. */")
print("static const struct { const char *a, *b, *word; double all, of[2]; } kn_asked[] = {")
for a, b, w in ASKED:
    print('    { "%s", "%s", "%s", %.17g, { %.17g, %.17g } },' % (a, b, w, everything.p(a, b, w), of[0].p(a, b, w), of[1].p(a, b, w)))
print("};")
