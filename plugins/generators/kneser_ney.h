/* An interpolated Kneser-Ney model of order 3 over token types: probabilities and draws. Not a plugin; knows no texts. Source: Kneser & Ney,
 * 1995, "Improved backing-off for m-gram language modeling", in the interpolated form of Chen & Goodman, 1999, "An empirical study of
 * smoothing techniques for language modeling", with one discount an order, D = n1 / (n1 + 2 n2) (Ney, Essen & Kneser, 1994).
 *
 * Sequences are padded with two marks of the beginning and one of the end. With c3(abw) the count of a trigram, c2(bw) the number of
 * distinct a before bw, c1(w) the number of distinct b before w, at each order
 *     p(w | h) = max(c(hw) - D, 0) / c(h.) + D N(h.) / c(h.) p(w | h')
 * where c(h.) sums over w, N(h.) counts the distinct w behind h, h' is h without its first word. Below order 1 stands 1 / V, or another model's
 * p(w | h) with all of h: so a model of few texts leans on one of many. A history that was never seen gives the whole to the shorter one. */
#ifndef GENERATORS_KNESER_NEY_H
#define GENERATORS_KNESER_NEY_H
#include "plugins/generators/corpus.h"

#define KN_ORDER 3

struct kn_gram {
    uint64_t history;        /* a << 32 | b, or b, or 0 */
    int32_t word, count;
};

struct kn_history {
    uint64_t history;
    int64_t from, to;        /* of gram */
    int64_t total;
};

struct kn_level {
    struct kn_gram *gram;    /* by history, then word */
    int64_t n;
    struct kn_history *history;
    int64_t histories;
    double discount;
};

struct kneser_ney {
    struct kn_level level[KN_ORDER]; /* 0: single words */
    int64_t words;           /* V: what may come next, the end among it */
    const struct kneser_ney *base; /* below order 1; NULL: 1 / V */
};

static inline int by_gram(const void *a, const void *b)
{
    const struct kn_gram *x = a, *y = b;
    return x->history != y->history ? (x->history > y->history ? 1 : -1) : (x->word > y->word) - (x->word < y->word);
}

static inline void kn_free(struct kneser_ney *m)
{
    for (int i = 0; i < KN_ORDER; i++) {
        free(m->level[i].gram);
        free(m->level[i].history);
    }
    *m = (struct kneser_ney){ 0 };
}

/* Sorts the grams, adds up equal ones, lists the histories and finds the discount, which is `most` at most. */
static inline int kn_close_level(struct kn_level *l, double most)
{
    int64_t n = 0, once = 0, twice = 0;
    qsort(l->gram, (size_t)l->n, sizeof *l->gram, by_gram);
    for (int64_t i = 0; i < l->n; i++) {
        if (n && by_gram(&l->gram[n - 1], &l->gram[i]) == 0)
            l->gram[n - 1].count += l->gram[i].count;
        else
            l->gram[n++] = l->gram[i];
    }
    l->n = n;
    if (!(l->history = calloc((size_t)n + 1, sizeof *l->history)))
        return HONE_ENOMEM;
    for (int64_t i = 0; i < n; i++) {
        once += l->gram[i].count == 1;
        twice += l->gram[i].count == 2;
        if (!l->histories || l->history[l->histories - 1].history != l->gram[i].history)
            l->history[l->histories++] = (struct kn_history){ l->gram[i].history, i, i, 0 };
        l->history[l->histories - 1].to = i + 1;
        l->history[l->histories - 1].total += l->gram[i].count;
    }
    l->discount = once ? (double)once / (double)(once + 2 * twice) : 0;
    l->discount = l->discount > most ? most : l->discount;
    return 0;
}

/* The level below: each gram counts once, without the first word of its history. */
static inline int kn_lower(const struct kn_level *from, struct kn_level *to, int order, double most)
{
    if (!(to->gram = malloc(((size_t)from->n + 1) * sizeof *to->gram)))
        return HONE_ENOMEM;
    for (to->n = 0; to->n < from->n; to->n++)
        to->gram[to->n] = (struct kn_gram){ order > 1 ? from->gram[to->n].history & 0xffffffffu : 0, from->gram[to->n].word, 1 };
    return kn_close_level(to, most);
}

/* Learns from rows row[0..n) of a corpus, with discounts of at most `most_discount` (1: as the counts say). base (or NULL) is borrowed.
 * HONE_ENOMEM without a sentence; m is then to be freed all the same. */
static inline int kn_learn(struct kneser_ney *m, const struct corpus *c, const int64_t *row, int64_t n, double most_discount, const struct kneser_ney *base)
{
    struct kn_level *top = &m->level[KN_ORDER - 1];
    int64_t most = 0;
    *m = (struct kneser_ney){ .words = c->types - 1, .base = base };
    for (int64_t i = 0; i < n; i++)
        most += row_tokens(c, row[i]) + 1;
    if (!(top->gram = malloc(((size_t)most + 1) * sizeof *top->gram)))
        return HONE_ENOMEM;
    for (int64_t i = 0; i < n; i++)
        for (int64_t at = 0; at <= row_tokens(c, row[i]); at++)
            top->gram[top->n++] = (struct kn_gram){ (uint64_t)type_at(c, row[i], at - 2) << 32 | (uint64_t)type_at(c, row[i], at - 1),
                                                    type_at(c, row[i], at), 1 };
    int ret = kn_close_level(top, most_discount);
    for (int i = KN_ORDER - 1; i > 0 && !ret; i--)
        ret = kn_lower(&m->level[i], &m->level[i - 1], i, most_discount);
    return ret;
}

static inline const struct kn_history *kn_find(const struct kn_level *l, uint64_t history)
{
    int64_t from = 0, to = l->histories;
    while (from < to) {
        int64_t mid = from + (to - from) / 2;
        if (l->history[mid].history < history)
            from = mid + 1;
        else
            to = mid;
    }
    return from < l->histories && l->history[from].history == history ? &l->history[from] : NULL;
}

/* History of that many words: the newest one, or two. */
static inline uint64_t kn_history_of(int32_t a, int32_t b, int words)
{
    return words == 2 ? (uint64_t)a << 32 | (uint64_t)b : words == 1 ? (uint64_t)b : 0;
}

/* p(w | a b). */
static inline double kn_probability(const struct kneser_ney *m, int32_t a, int32_t b, int32_t w)
{
    double p = m->base ? kn_probability(m->base, a, b, w) : 1 / (double)m->words;
    for (int i = 0; i < KN_ORDER; i++) {
        const struct kn_level *l = &m->level[i];
        const struct kn_history *h = kn_find(l, kn_history_of(a, b, i));
        double count = 0;
        if (!h)
            continue;
        for (int64_t g = h->from; g < h->to; g++)
            count = l->gram[g].word == w ? (double)l->gram[g].count : count;
        p = (count > l->discount ? count - l->discount : 0) / (double)h->total + l->discount * (double)(h->to - h->from) / (double)h->total * p;
    }
    return p;
}

/* A word by these probabilities. */
static inline int32_t kn_draw(const struct kneser_ney *m, struct dice *d, int32_t a, int32_t b)
{
    for (int i = KN_ORDER - 1; i >= 0; i--) {
        const struct kn_level *l = &m->level[i];
        const struct kn_history *h = kn_find(l, kn_history_of(a, b, i));
        double draw = h ? dice_unit(d) * (double)h->total : 0;
        for (int64_t g = h ? h->from : 0; h && g < h->to; g++) {
            draw -= (double)l->gram[g].count - l->discount;
            if (draw < 0)
                return l->gram[g].word;
        }
    }
    return m->base ? kn_draw(m->base, d, a, b) : TOKEN_END + (int32_t)dice_below(d, m->words);
}

#endif
