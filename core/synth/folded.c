/* See folded.h. */
#include "core/synth/folded.h"

#include <stdlib.h>
#include <string.h>
#include "core/base/err.h"

void folded_free(struct folded *f)
{
    free(f->hash);
    free(f->words);
    free(f->start);
    free(f->key);
    text_service.words_free(&f->scratch);
    *f = (struct folded){ 0 };
}

static int grow(struct folded *f, int64_t keys)
{
    if (f->n == f->cap) {
        int64_t cap = f->cap ? 2 * f->cap : 256;
        uint64_t *hash = realloc(f->hash, (size_t)cap * sizeof *hash);
        f->hash = hash ? hash : f->hash;
        int64_t *words = realloc(f->words, (size_t)cap * sizeof *words);
        f->words = words ? words : f->words;
        int64_t *start = realloc(f->start, ((size_t)cap + 1) * sizeof *start);
        f->start = start ? start : f->start;
        if (!hash || !words || !start)
            return HONE_ENOMEM;
        f->start[f->n] = f->n ? f->start[f->n] : 0;
        f->cap = cap;
    }
    int64_t used = f->start[f->n];
    if (used + keys > f->room) {
        int64_t room = 2 * (used + keys);
        uint32_t *key = realloc(f->key, (size_t)room * sizeof *key);
        if (!key)
            return HONE_ENOMEM;
        f->key = key;
        f->room = room;
    }
    return 0;
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

int folded_add(struct folded *f, struct hone_string text)
{
    struct hone_words *w = &f->scratch;
    if (text_service.words(text.bytes, text.len, w))
        return HONE_ENOMEM;
    int64_t bytes = w->n ? w->start[w->n] : 0, windows = bytes > FOLDED_WINDOW ? bytes - FOLDED_WINDOW + 1 : 1, n = 0;
    if (grow(f, windows))
        return HONE_ENOMEM;
    uint32_t *key = f->key + f->start[f->n];
    for (int64_t i = 0; i < windows; i++)
        key[i] = (uint32_t)(text_service.hash(w->bytes + i, bytes < FOLDED_WINDOW ? bytes : FOLDED_WINDOW, 2) >> 32);
    qsort(key, (size_t)windows, sizeof *key, by_value);
    for (int64_t i = 0; i < windows; i++)
        if (!n || key[n - 1] != key[i])
            key[n++] = key[i];
    uint64_t h = 1;
    for (int64_t i = 0; i < w->n; i++)
        h = hone_hash_pair(h, w->hash[i]);
    f->hash[f->n] = h;
    f->words[f->n] = w->n;
    f->start[f->n + 1] = f->start[f->n] + n;
    f->n++;
    return 0;
}

int folded_take(struct folded *f, const struct folded *from, int64_t i)
{
    int64_t n = from->start[i + 1] - from->start[i];
    if (grow(f, n))
        return HONE_ENOMEM;
    memcpy(f->key + f->start[f->n], from->key + from->start[i], (size_t)n * sizeof *f->key);
    f->hash[f->n] = from->hash[i];
    f->words[f->n] = from->words[i];
    f->start[f->n + 1] = f->start[f->n] + n;
    f->n++;
    return 0;
}

double folded_likeness(const struct folded *f, int64_t i, const struct folded *g, int64_t j)
{
    const uint32_t *a = f->key + f->start[i], *a_end = f->key + f->start[i + 1], *b = g->key + g->start[j], *b_end = g->key + g->start[j + 1];
    int64_t all = (a_end - a) + (b_end - b), same = 0;
    while (a < a_end && b < b_end) {
        same += *a == *b;
        if (*a < *b)
            a++;
        else if (*b < *a)
            b++;
        else
            a++, b++;
    }
    return all ? (double)same / (double)(all - same) : 0;
}

static int by_key(const void *a, const void *b)
{
    const struct folded_entry *x = a, *y = b;
    return x->key != y->key ? (x->key > y->key ? 1 : -1) : (x->text > y->text) - (x->text < y->text);
}

int folded_index_make(struct folded_index *x, const struct folded *f)
{
    int64_t keys = f->n ? f->start[f->n] : 0;
    *x = (struct folded_index){ .of = f, .entry = malloc(((size_t)keys + 1) * sizeof *x->entry), .shared = calloc((size_t)f->n + 1, sizeof *x->shared),
                                .met = malloc(((size_t)f->n + 1) * sizeof *x->met) };
    if (!x->entry || !x->shared || !x->met)
        return HONE_ENOMEM;
    for (int64_t i = 0; i < f->n; i++)
        for (int64_t k = f->start[i]; k < f->start[i + 1]; k++)
            x->entry[x->n++] = (struct folded_entry){ f->key[k], (uint32_t)i };
    qsort(x->entry, (size_t)x->n, sizeof *x->entry, by_key);
    return 0;
}

void folded_index_free(struct folded_index *x)
{
    free(x->entry);
    free(x->shared);
    free(x->met);
    *x = (struct folded_index){ 0 };
}

static int64_t first_entry(const struct folded_index *x, uint32_t key)
{
    int64_t from = 0, to = x->n;
    while (from < to) {
        int64_t mid = from + (to - from) / 2;
        if (x->entry[mid].key < key)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

/* The best but `but`. */
static double nearest_but(struct folded_index *x, const struct folded *g, int64_t i, int64_t but, int64_t *text)
{
    int64_t own = g->start[i + 1] - g->start[i], met = 0;
    double best = 0;
    *text = -1;
    for (int64_t k = g->start[i]; k < g->start[i + 1]; k++)
        for (int64_t e = first_entry(x, g->key[k]); e < x->n && x->entry[e].key == g->key[k]; e++)
            if (x->shared[x->entry[e].text]++ == 0)
                x->met[met++] = x->entry[e].text;
    for (int64_t m = 0; m < met; m++) {
        uint32_t t = x->met[m];
        int64_t same = x->shared[t], all = own + x->of->start[t + 1] - x->of->start[t] - same;
        double like = (double)same / (double)all;
        x->shared[t] = 0;
        if ((int64_t)t != but && (like > best || (like >= best && (int64_t)t < *text))) {
            best = like;
            *text = t;
        }
    }
    return best;
}

double folded_nearest(struct folded_index *x, const struct folded *g, int64_t i, int64_t *text)
{
    return nearest_but(x, g, i, -1, text);
}

double folded_second(struct folded_index *x, int64_t i)
{
    int64_t text;
    return nearest_but(x, x->of, i, i, &text);
}
