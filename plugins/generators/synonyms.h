/* Words that stand in for each other in the examples of a module: types whose neighbours and outputs are alike. A type's vector has a feature
 * for each type that stands left of it, right of it, and each output it occurs in; features count ln(1 + n) times the log of how few types
 * have them; alike is the cosine (Lin, 1998, "Automatic retrieval and clustering of similar words", with this weight in place of its own).
 * Not a dictionary: nothing but the examples is known. Used by the generator edit. */
#ifndef GENERATORS_SYNONYMS_H
#define GENERATORS_SYNONYMS_H
#include "plugins/generators/corpus.h"

#define SYNONYMS 5         /* kept for a type */
#define COMMON_FEATURE 256 /* features that more types have tell little and are left out */

struct synonym {
    int32_t type;          /* 0: none */
    float likeness;
};

struct synonyms {
    struct synonym (*of)[SYNONYMS]; /* [types] most alike first */
};

struct feature_pair {
    uint64_t feature;      /* kind << 32 | type or output */
    int32_t type, count;
    float weight;
};

static inline int by_feature(const void *a, const void *b)
{
    const struct feature_pair *x = a, *y = b;
    return x->feature != y->feature ? (x->feature > y->feature ? 1 : -1) : (x->type > y->type) - (x->type < y->type);
}

static inline int by_type(const void *a, const void *b)
{
    const struct feature_pair *x = a, *y = b;
    return x->type != y->type ? (x->type > y->type) - (x->type < y->type) : x->feature != y->feature ? (x->feature > y->feature ? 1 : -1) : 0;
}

/* Three features an occurrence, merged and weighted, by feature. Returns how many; -1 when memory ran out. */
static inline int64_t feature_pairs(const struct corpus *c, struct feature_pair **out)
{
    int64_t tokens = c->start[c->from->n], n = 0, m = 0;
    struct feature_pair *p = calloc((size_t)tokens * 3 + 1, sizeof *p);
    if (!p)
        return -1;
    for (int64_t row = 0; row < c->from->n; row++)
        for (int64_t i = 0; i < row_tokens(c, row); i++) {
            int32_t type = type_at(c, row, i);
            p[n++] = (struct feature_pair){ (uint64_t)type_at(c, row, i - 1), type, 1, 0 };
            p[n++] = (struct feature_pair){ (uint64_t)1 << 32 | (uint64_t)type_at(c, row, i + 1), type, 1, 0 };
            p[n++] = (struct feature_pair){ (uint64_t)2 << 32 | (uint64_t)c->from->label[row], type, 1, 0 };
        }
    qsort(p, (size_t)n, sizeof *p, by_feature);
    for (int64_t i = 0; i < n; i++) {
        if (m && p[m - 1].feature == p[i].feature && p[m - 1].type == p[i].type)
            p[m - 1].count++;
        else
            p[m++] = p[i];
    }
    for (int64_t i = 0, end; i < m; i = end) {
        for (end = i; end < m && p[end].feature == p[i].feature; end++)
            ;
        float rare = hone_logf((float)c->types / (float)(end - i));
        for (int64_t j = i; j < end; j++)
            p[j].weight = end - i > COMMON_FEATURE ? 0 : hone_logf(1 + (float)p[j].count) * rare;
    }
    *out = p;
    return m;
}

static inline void synonym_keep(struct synonym *best, int32_t type, float likeness)
{
    int i = SYNONYMS;
    while (i > 0 && (!best[i - 1].type || best[i - 1].likeness < likeness))
        i--;
    if (i == SYNONYMS)
        return;
    memmove(best + i + 1, best + i, (size_t)(SYNONYMS - 1 - i) * sizeof *best);
    best[i] = (struct synonym){ type, likeness };
}

static inline void synonyms_free(struct synonyms *s)
{
    free(s->of);
    s->of = NULL;
}

/* HONE_ENOMEM without a sentence; s is then to be freed all the same. */
static inline int synonyms_learn(struct synonyms *s, const struct corpus *c)
{
    struct feature_pair *by = NULL, *own = NULL;
    int64_t n = feature_pairs(c, &by), types = c->types;
    float *sum = calloc((size_t)types + 1, sizeof *sum), *norm = calloc((size_t)types + 1, sizeof *norm);
    int32_t *met = calloc((size_t)types + 1, sizeof *met);
    int64_t *start = calloc((size_t)n + 2, sizeof *start); /* of the feature that pair i has */
    s->of = calloc((size_t)types + 1, sizeof *s->of);
    own = n < 0 ? NULL : malloc(((size_t)n + 1) * sizeof *own);
    int ok = n >= 0 && sum && norm && met && start && s->of && own;
    for (int64_t i = 0; i < n && ok; i++) {
        start[i] = i && by[i - 1].feature == by[i].feature ? start[i - 1] : i;
        norm[by[i].type] += by[i].weight * by[i].weight;
        own[i] = by[i];
        own[i].count = (int32_t)start[i];
    }
    if (ok)
        qsort(own, (size_t)n, sizeof *own, by_type);
    for (int64_t i = 0, end; i < n && ok; i = end) {
        int32_t type = own[i].type, n_met = 0;
        for (end = i; end < n && own[end].type == type; end++)
            for (int64_t j = own[end].count; own[end].weight > 0 && j < n && by[j].feature == own[end].feature; j++) {
                if (sum[by[j].type] <= 0)
                    met[n_met++] = by[j].type;
                sum[by[j].type] += own[end].weight * by[j].weight;
            }
        for (int32_t k = 0; k < n_met; k++) {
            float product = norm[type] * norm[met[k]], dot = sum[met[k]];
            if (met[k] != type && product > 0)
                synonym_keep(s->of[type], met[k], dot * dot / product); /* the cosine's square: same order, no root */
            sum[met[k]] = 0;
        }
    }
    free(by);
    free(own);
    free(sum);
    free(norm);
    free(met);
    free(start);
    return ok ? 0 : HONE_ENOMEM;
}

#endif
