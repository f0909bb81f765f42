/* Sums of feature rows over a batch, and their gradients: out[i][0..k) = sum of value * table[row][0..k) over the features
 * of text i. N-grams of a word that occurs in several texts of the batch are summed once. */
#ifndef MODELS_NGRAMS_PASS_H
#define MODELS_NGRAMS_PASS_H
#include "ngrams.h"

/* A batch taken apart; lives in the pass's scratch. */
struct ngrams_batch {
    struct hone_bag direct;  /* text -> rows of the table */
    struct hone_bag words;   /* text -> places among the distinct words of the batch (or among all, with a cache) */
    struct hone_bag grams;   /* distinct word -> rows of the table */
    int64_t distinct;
};

/* What a model keeps between passes. Zero-initialise. */
struct ngrams_cache {
    int32_t *place;          /* [words] place + 1 in the present batch, else 0 */
    float *sum;              /* [words][k] sums of frozen tables */
    uint8_t *have;           /* [words] */
    int64_t valid;           /* `have` speaks of the present tables */
};
#define NGRAMS_CACHE_BYTES ((int64_t)256 << 20)

static void ngrams_cache_free(const struct ngrams *g, struct ngrams_cache *c)
{
    g->host->free(g->host, c->place);
    g->host->free(g->host, c->sum);
    g->host->free(g->host, c->have);
}

/* Takes pass->in apart; word pairs name places in `word`, the distinct words of the batch in the order of their first
 * appearance. 0 or HONE_ENOMEM. */
static int ngrams_split(const struct ngrams *g, struct ngrams_cache *c, const struct hone_pass *p, struct ngrams_batch *b,
                        int32_t **word)
{
    const struct hone_bag *in = &p->in;
    int64_t first = in->start[0], pairs = in->start[in->n] - first, a = 0, w = 0, m = 0;
    if (!c->place && !(c->place = g->host->alloc(g->host, (size_t)(g->words + 1) * sizeof(int32_t))))
        return HONE_ENOMEM;
    int64_t *starts = p->ops->scratch(p, (size_t)(in->n + 1) * 2 * sizeof *starts);
    int32_t *index = p->ops->scratch(p, (size_t)(pairs + 1) * 3 * sizeof *index);
    float *value = p->ops->scratch(p, (size_t)(pairs + 1) * 2 * sizeof *value);
    if (!starts || !index || !value)
        return HONE_ENOMEM;
    int32_t *windex = index + pairs, *seen = windex + pairs;
    float *wvalue = value + pairs;
    int64_t *wstart = starts + in->n + 1;
    for (int64_t i = 0; i < in->n; i++) {
        starts[i] = a;
        wstart[i] = w;
        for (int64_t j = in->start[i]; j < in->start[i + 1]; j++) {
            if (in->index[j] < g->rows) {
                index[a] = in->index[j];
                value[a++] = in->value[j];
                continue;
            }
            int32_t k = (int32_t)(in->index[j] - g->rows);
            if (!c->place[k]) {
                seen[m] = k;
                c->place[k] = (int32_t)++m;
            }
            windex[w] = c->place[k] - 1;
            wvalue[w++] = in->value[j];
        }
    }
    starts[in->n] = a;
    wstart[in->n] = w;
    for (int64_t i = 0; i < m; i++)
        c->place[seen[i]] = 0;
    b->direct = (struct hone_bag){ in->n, starts, index, value };
    b->words = (struct hone_bag){ in->n, wstart, windex, wvalue };
    b->distinct = m;
    *word = seen;
    return 0;
}

/* The n-grams of n words as a bag. 0 or HONE_ENOMEM. */
static int ngrams_gram_bag(const struct ngrams *g, const struct hone_pass *p, const int32_t *word, int64_t n,
                           struct hone_bag *bag)
{
    int64_t pairs = 0;
    for (int64_t i = 0; i < n; i++)
        pairs += g->gram_start[word[i] + 1] - g->gram_start[word[i]];
    int64_t *start = p->ops->scratch(p, (size_t)(n + 1) * sizeof *start);
    int32_t *index = p->ops->scratch(p, (size_t)(pairs + 1) * sizeof *index);
    float *value = p->ops->scratch(p, (size_t)(pairs + 1) * sizeof *value);
    if (!start || !index || !value)
        return HONE_ENOMEM;
    int64_t at = 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t from = g->gram_start[word[i]], len = g->gram_start[word[i] + 1] - from;
        start[i] = at;
        if (len) {
            memcpy(index + at, g->gram_row + from, (size_t)len * sizeof *index);
            memcpy(value + at, g->gram_value + from, (size_t)len * sizeof *value);
        }
        at += len;
    }
    start[n] = at;
    *bag = (struct hone_bag){ n, start, index, value };
    return 0;
}

/* Sums of the batch's distinct words into the cache of frozen tables; turns the word bag's places into words.
 * 1 when the cache serves, 0 when it is not to be used, HONE_ENOMEM. */
static int ngrams_cached(const struct ngrams *g, struct ngrams_cache *c, const struct hone_pass *p, struct ngrams_batch *b,
                         const int32_t *word, const float *table, int64_t k)
{
    if (!(p->flags & HONE_PASS_FROZEN) || (g->words + 1) * k * 4 > NGRAMS_CACHE_BYTES) {
        c->valid = 0;
        return 0;
    }
    if (!c->sum) {
        c->sum = g->host->alloc(g->host, (size_t)((g->words + 1) * k) * sizeof(float));
        c->have = g->host->alloc(g->host, (size_t)g->words + 1);
        if (!c->sum || !c->have)
            return HONE_ENOMEM;
    }
    if (!c->valid)
        memset(c->have, 0, (size_t)g->words);
    c->valid = 1;
    int64_t missing = 0;
    int32_t *need = p->ops->scratch(p, (size_t)(b->distinct + 1) * sizeof *need);
    if (!need)
        return HONE_ENOMEM;
    for (int64_t i = 0; i < b->distinct; i++)
        if (!c->have[word[i]])
            need[missing++] = word[i];
    if (missing) {
        struct hone_bag bag;
        float *sum = p->ops->scratch(p, (size_t)(missing * k) * sizeof *sum);
        if (!sum || ngrams_gram_bag(g, p, need, missing, &bag))
            return HONE_ENOMEM;
        p->ops->bag(p, &bag, table, k, k, sum, 0);
        for (int64_t i = 0; i < missing; i++) {
            memcpy(c->sum + (int64_t)need[i] * k, sum + i * k, (size_t)k * sizeof *sum);
            c->have[need[i]] = 1;
        }
    }
    int32_t *index = (int32_t *)(uintptr_t)b->words.index;
    for (int64_t j = 0; j < b->words.start[b->words.n]; j++)
        index[j] = word[index[j]];
    return 1;
}

/* Adds the batch's sums to out[n][k]; *b is kept for ngrams_backward(). 0 or HONE_ENOMEM. */
static int ngrams_forward(const struct ngrams *g, struct ngrams_cache *c, const struct hone_pass *p, const float *table,
                          int64_t k, float *out, struct ngrams_batch *b)
{
    int32_t *word;
    if (ngrams_split(g, c, p, b, &word))
        return HONE_ENOMEM;
    p->ops->bag(p, &b->direct, table, k, k, out, 1);
    int cached = ngrams_cached(g, c, p, b, word, table, k);
    if (cached < 0)
        return cached;
    if (cached) {
        p->ops->bag(p, &b->words, c->sum, k, k, out, 1);
        return 0;
    }
    float *sum = p->ops->scratch(p, (size_t)((b->distinct + 1) * k) * sizeof *sum);
    if (!sum || ngrams_gram_bag(g, p, word, b->distinct, &b->grams))
        return HONE_ENOMEM;
    p->ops->bag(p, &b->grams, table, k, k, sum, 0);
    p->ops->bag(p, &b->words, sum, k, k, out, 1);
    return 0;
}

/* The gradient of sparse tensor `tensor` from d(loss)/d(out), delta[n][k]. */
static int ngrams_backward(const struct hone_pass *p, uint32_t tensor, const struct ngrams_batch *b, int64_t k,
                           const float *delta, struct hone_err *err)
{
    float *inner = p->ops->scratch(p, (size_t)((b->distinct + 1) * k) * sizeof *inner);
    if (!inner)
        return hone_fail(err, HONE_ENOMEM, "memory ran out in a training step");
    memset(inner, 0, (size_t)(b->distinct * k) * sizeof *inner);
    p->ops->bag_transpose(p, &b->words, delta, k, inner, b->distinct);
    int ret = p->ops->bag_grad(p, tensor, &b->direct, delta, err);
    return ret < 0 ? ret : p->ops->bag_grad(p, tensor, &b->grams, inner, err);
}

#endif
