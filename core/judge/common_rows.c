/* See common_rows.h. */
#include "core/judge/common_rows.h"

#include <stdlib.h>
#include <string.h>
#include "core/base/text.h"
#include "core/judge/lesson.h"

/* Keys that are never 0, by open addressing. */
struct set {
    uint64_t *slot, mask;
};

static int set_make(struct set *s, int64_t n)
{
    uint64_t size = 16;
    while (size < (uint64_t)n * 2)
        size *= 2;
    s->mask = size - 1;
    s->slot = calloc(size, sizeof *s->slot);
    return s->slot ? 0 : -1;
}

static uint64_t *set_find(const struct set *s, uint64_t key)
{
    uint64_t i = (key ^ key >> 29) & s->mask;
    while (s->slot[i] != 0 && s->slot[i] != key)
        i = (i + 1) & s->mask;
    return &s->slot[i];
}

/* The input alone, or with what is expected. 0 without memory. */
static uint64_t key_of(const struct examples *e, int64_t r, int with_output, struct hone_words *w)
{
    uint64_t key;
    if (lesson_key(&e->input[r], w, &key) < 0)
        return 0;
    if (with_output && e->output[r] >= 0) {
        const struct hone_string *o = &e->outputs.name[e->output[r]];
        key = hone_hash_pair(key, text_service.hash(o->bytes, o->len, 0));
    }
    return key;
}

static int set_add_rows(struct set *s, const struct examples *e, const int64_t *row, int64_t n, int with_output, struct hone_words *w)
{
    for (int64_t i = 0; i < n; i++) {
        uint64_t key = key_of(e, row ? row[i] : i, with_output, w);
        if (key == 0)
            return -1;
        *set_find(s, key) = key;
    }
    return 0;
}

static int64_t rows_of(const struct examples *e, const int64_t *row, int64_t n)
{
    return !e ? 0 : row ? n : e->n;
}

/* Takes what is not in the set (keep 1: what is in it) out of the rows; their number. */
static int64_t sift(struct common_rows *c, const struct set *s, int with_output, int keep, struct hone_words *w)
{
    int64_t n = 0;
    for (int64_t i = 0; i < c->n; i++) {
        uint64_t key = key_of(c->from, c->row[i], with_output, w);
        if (key == 0)
            return -1;
        if ((*set_find(s, key) != 0) == keep)
            c->row[n++] = c->row[i];
    }
    int64_t out = c->n - n;
    c->n = n;
    return out;
}

static int share(struct common_rows *c, const struct run_rows *runs, int64_t k, struct hone_words *w)
{
    for (int64_t r = 1; r < k; r++) {
        struct set held = { 0 };
        int64_t n = rows_of(runs[r].held_out, runs[r].held_out_row, runs[r].n_held_out), out = -1;
        if (set_make(&held, n) == 0 && set_add_rows(&held, runs[r].held_out, runs[r].held_out_row, n, 1, w) == 0)
            out = sift(c, &held, 1, 1, w);
        free(held.slot);
        if (out < 0)
            return -1;
        c->not_shared += out;
    }
    return 0;
}

static int leave_out_trained(struct common_rows *c, const struct run_rows *runs, int64_t k, struct hone_words *w)
{
    struct set trained = { 0 };
    int64_t n = 0;
    for (int64_t r = 0; r < k; r++)
        n += rows_of(runs[r].train, runs[r].train_row, runs[r].n_train);
    int rc = set_make(&trained, n);
    for (int64_t r = 0; rc == 0 && r < k; r++)
        rc = set_add_rows(&trained, runs[r].train, runs[r].train_row, rows_of(runs[r].train, runs[r].train_row, runs[r].n_train), 0, w);
    c->trained = rc == 0 ? sift(c, &trained, 0, 0, w) : -1;
    free(trained.slot);
    return c->trained < 0 ? -1 : 0;
}

int common_rows_find(struct common_rows *c, const struct run_rows *runs, int64_t k, const struct examples *test, struct hone_err *err)
{
    struct hone_words w = { 0 };
    *c = (struct common_rows){ .from = test ? test : runs[0].held_out };
    c->n = c->candidates = test ? test->n : rows_of(runs[0].held_out, runs[0].held_out_row, runs[0].n_held_out);
    c->row = malloc(((size_t)c->n + 1) * sizeof *c->row);
    for (int64_t i = 0; c->row && i < c->n; i++)
        c->row[i] = !test && runs[0].held_out_row ? runs[0].held_out_row[i] : i;
    int rc = !c->row || (!test && share(c, runs, k, &w) < 0) || leave_out_trained(c, runs, k, &w) < 0 ? -1 : 0;
    text_service.words_free(&w);
    if (rc == 0)
        return 0;
    free(c->row);
    *c = (struct common_rows){ 0 };
    return hone_fail(err, HONE_ENOMEM, "memory ran out for the rows that runs have in common");
}
