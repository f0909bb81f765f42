/* See lesson.h. */
#include "core/judge/lesson.h"

#include <stdlib.h>
#include <string.h>
#include "core/base/text.h"

/* Open addressing over the folded inputs of the training rows. */
struct slot {
    uint64_t key; /* 0: free */
    int32_t name; /* output of the first row, numbered as the predictions number them; -1 none of theirs */
    int32_t output; /* the same in the numbers of the training examples */
    int64_t rows;
    int conflict;
};

struct table {
    struct slot *slot;
    uint64_t mask;
};

int lesson_key(const struct hone_string *text, struct hone_words *w, uint64_t *key)
{
    if (text_service.words(text->bytes, text->len, w) < 0)
        return -1;
    *key = 1;
    for (int64_t i = 0; i < w->n; i++)
        *key = hone_hash_pair(*key, w->hash[i]);
    return 0;
}

static struct slot *find(const struct table *t, uint64_t key)
{
    uint64_t i = key & t->mask;
    while (t->slot[i].key != 0 && t->slot[i].key != key)
        i = (i + 1) & t->mask;
    return &t->slot[i];
}

static int table_make(struct table *t, int64_t rows)
{
    uint64_t size = 16;
    while (size < (uint64_t)rows * 2)
        size *= 2;
    t->mask = size - 1;
    t->slot = calloc(size, sizeof *t->slot);
    return t->slot ? 0 : -1;
}

static int same(const struct hone_string *a, const struct hone_string *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, (size_t)a->len) == 0;
}

/* name_of[o]: the predictions' number of output o of the training examples, -1 when no test row and no answer has it. */
static int32_t *map_outputs(const struct examples *train, const struct predictions *p)
{
    struct table t;
    int32_t *name_of = malloc(((size_t)train->outputs.n + 1) * sizeof *name_of);
    if (!name_of || table_make(&t, p->n_names) < 0) {
        free(name_of);
        return NULL;
    }
    for (int64_t i = 0; i < p->n_names; i++) {
        struct slot *s = find(&t, text_service.hash(p->name[i].bytes, p->name[i].len, 0));
        s->key = text_service.hash(p->name[i].bytes, p->name[i].len, 0);
        s->name = (int32_t)i;
    }
    for (int64_t o = 0; o < train->outputs.n; o++) {
        const struct hone_string *s = &train->outputs.name[o];
        const struct slot *at = find(&t, text_service.hash(s->bytes, s->len, 0));
        name_of[o] = at->key != 0 && same(s, &p->name[at->name]) ? at->name : -1;
    }
    free(t.slot);
    return name_of;
}

static void mark(struct lesson *l, int32_t name)
{
    if (name >= 0)
        l->conflicted[name] = 1;
}

static int learn_row(struct lesson *l, struct table *t, const struct examples *train, int64_t r, const int32_t *name_of,
                     struct hone_words *w)
{
    uint64_t key;
    int32_t o = train->output[r];
    l->rows++;
    if (lesson_key(&train->input[r], w, &key) < 0)
        return -1;
    int teaches = o >= 0 && train->feedback[r] != HONE_INCORRECT;
    struct slot *s = find(t, key);
    if (s->key == 0)
        *s = (struct slot){ .key = key, .name = -1, .output = -1 };
    if (!teaches)
        return 0;
    if (name_of[o] >= 0)
        l->count[name_of[o]]++;
    s->rows++;
    if (s->output < 0) {
        s->output = o;
        s->name = name_of[o];
    } else if (s->output != o) {
        l->conflicts += !s->conflict;
        l->sample = l->sample < 0 ? r : l->sample;
        s->conflict = 1;
        mark(l, s->name);
        mark(l, name_of[o]);
    }
    return 0;
}

static int look_up(struct lesson *l, const struct table *t, const struct examples *test, const struct predictions *p,
                   struct hone_words *w)
{
    for (int64_t i = 0; i < p->n; i++) {
        uint64_t key;
        if (lesson_key(&test->input[p->row[i]], w, &key) < 0)
            return -1;
        if (find(t, key)->key == 0)
            continue;
        l->seen[i] = 1;
        l->n_seen++;
        l->seen_correct += p->predicted[i] == p->expected[i];
    }
    return 0;
}

static void sum_up(struct lesson *l, const struct table *t, const struct predictions *p)
{
    int64_t most = 0;
    for (uint64_t i = 0; i <= t->mask; i++)
        l->conflict_rows += t->slot[i].conflict ? t->slot[i].rows : 0;
    for (int64_t i = 0; i < p->n_names; i++)
        most = l->count[i] > most ? l->count[i] : most;
    l->baseline = l->rows > 0 ? (double)most / (double)l->rows : 0;
}

int lesson_learn(struct lesson *l, const struct examples *train, const int64_t *rows, int64_t n_rows,
                 const struct examples *test, const struct predictions *p, struct hone_err *err)
{
    struct table t = { 0 };
    struct hone_words w = { 0 };
    int64_t n = rows ? n_rows : train->n;
    int32_t *name_of = map_outputs(train, p);
    int rc = -1;
    l->sample = -1;
    l->count = calloc((size_t)p->n_names + 1, sizeof *l->count);
    l->conflicted = calloc((size_t)p->n_names + 1, 1);
    l->seen = calloc((size_t)p->n + 1, 1);
    if (!name_of || !l->count || !l->conflicted || !l->seen || table_make(&t, n) < 0)
        goto out;
    for (int64_t i = 0; i < n; i++) {
        if (learn_row(l, &t, train, rows ? rows[i] : i, name_of, &w) < 0)
            goto out;
    }
    if (look_up(l, &t, test, p, &w) < 0)
        goto out;
    sum_up(l, &t, p);
    rc = 0;
out:
    text_service.words_free(&w);
    free(t.slot);
    free(name_of);
    return rc == 0 ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out while the training rows were looked through");
}

void lesson_free(struct lesson *l)
{
    free(l->count);
    free(l->conflicted);
    free(l->seen);
    memset(l, 0, sizeof *l);
}
