/* See sieve.h. */
#include "core/synth/sieve.h"

#include <stdlib.h>
#include <string.h>

const char *const level_names[LEVELS + 1] = { "easy", "medium", "hard", "expert", NULL };

int level_of_name(const char *name)
{
    for (int i = 0; name && i < LEVELS; i++)
        if (strcmp(level_names[i], name) == 0)
            return i;
    return -1;
}

enum level level_of_margin(const struct borders *b, double margin)
{
    return margin >= b->quarter[2] ? LEVEL_EASY : margin >= b->quarter[1] ? LEVEL_MEDIUM : margin >= b->quarter[0] ? LEVEL_HARD : LEVEL_EXPERT;
}

/* ---- unique, no copy ---- */

struct hashes {
    uint64_t *slot;
    int64_t slots;
};

/* 1 when the hash was there; else it is now. */
static int met(struct hashes *h, uint64_t hash)
{
    uint64_t at = hash;
    for (; h->slot[at & (uint64_t)(h->slots - 1)]; at++)
        if (h->slot[at & (uint64_t)(h->slots - 1)] == hash)
            return 1;
    h->slot[at & (uint64_t)(h->slots - 1)] = hash;
    return 0;
}

static void unique_only(struct sieve *s, struct candidates *c, int64_t from, struct hashes *all)
{
    for (int64_t i = 0; i < from; i++)
        met(all, s->seen.hash[i]);
    for (int64_t i = from; i < c->n; i++)
        c->v[i].fate = met(all, s->seen.hash[i]) ? FATE_DUPLICATE : FATE_PASSED;
}

static void no_copies(struct sieve *s, struct candidates *c, int64_t from)
{
    for (int64_t i = from; i < c->n; i++) {
        struct candidate *v = &c->v[i];
        if (v->fate != FATE_PASSED)
            continue;
        double like = folded_nearest(&s->index, &s->seen, i, &v->nearest);
        v->distance = 1 - like;
        if (v->nearest >= s->material->n)
            v->nearest = -1;
        if (like >= s->near_copy || s->seen.words[i] == 0)
            v->fate = FATE_COPY;
    }
}

/* ---- the referee ---- */

static void note_verdict(const struct sieve *s, struct candidate *v, const struct verdict *w)
{
    v->share = w->share;
    v->margin = w->margin;
    v->rival = w->rival < 0 ? -1 : s->ours[w->rival];
    v->level = (int32_t)level_of_margin(&s->borders, (double)w->margin);
    if (s->ours[w->best] != v->label)
        v->fate = FATE_LABEL;
    else if (s->wanted >= 0 && v->level != s->wanted)
        v->fate = FATE_DIFFICULTY;
}

static int judged(struct sieve *s, struct candidates *c, int64_t from, struct hone_err *err)
{
    int64_t m = 0, most = c->n - from;
    struct hone_string *text = malloc(((size_t)most + 1) * sizeof *text);
    int32_t *output = malloc(((size_t)most + 1) * sizeof *output);
    int64_t *row = malloc(((size_t)most + 1) * sizeof *row);
    struct verdict *v = malloc(((size_t)most + 1) * sizeof *v);
    int ret = text && output && row && v ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out for %lld candidates", (long long)c->n);
    for (int64_t i = from; i < c->n && !ret; i++) {
        if (c->v[i].fate != FATE_PASSED)
            continue;
        text[m] = c->v[i].input;
        output[m] = s->theirs[c->v[i].label];
        row[m++] = i;
    }
    if (!ret && m)
        ret = referee_judge(s->referee, text, output, m, v, err);
    for (int64_t i = 0; i < m && !ret; i++)
        note_verdict(s, &c->v[row[i]], &v[i]);
    free(text);
    free(output);
    free(row);
    free(v);
    return ret;
}

int sieve_run(struct sieve *s, struct candidates *c, int64_t from, struct hone_err *err)
{
    struct hashes all = { .slots = 16 };
    while (all.slots < 2 * c->n + 2)
        all.slots *= 2;
    all.slot = calloc((size_t)all.slots, sizeof *all.slot);
    int ok = all.slot != NULL;
    for (int64_t i = from; i < c->n && ok; i++)
        ok = folded_add(&s->seen, c->v[i].input) == 0;
    if (!ok) {
        free(all.slot);
        return hone_fail(err, HONE_ENOMEM, "memory ran out for %lld candidates", (long long)c->n);
    }
    unique_only(s, c, from, &all);
    free(all.slot);
    no_copies(s, c, from);
    return judged(s, c, from, err);
}

/* ---- the choice ---- */

/* Chooses for one output among row[0..n). Returns how many; `chosen` gets them. */
static int64_t choose_for(const struct sieve *s, struct candidates *c, int64_t *row, int64_t n, int64_t need, int64_t *chosen)
{
    int64_t got = 0;
    while (got < need && n > 0) {
        int64_t best = 0;
        for (int64_t i = 1; i < n; i++)
            if (c->v[row[i]].distance > c->v[row[best]].distance)
                best = i;
        int64_t take = row[best], left = 0;
        if (c->v[take].distance <= 1 - s->near_copy)
            break;
        chosen[got++] = take;
        for (int64_t i = 0; i < n; i++) {
            struct candidate *v = &c->v[row[i]];
            double distance = row[i] == take ? 0 : 1 - folded_likeness(&s->seen, row[i], &s->seen, take);
            if (row[i] == take)
                continue;
            if (distance < v->distance) {
                v->distance = distance;
                v->nearest = -1;
            }
            row[left++] = row[i];
        }
        n = left;
    }
    return got;
}

int64_t sieve_choose(const struct sieve *s, struct candidates *c, const int64_t *need, int64_t *chosen)
{
    int64_t outputs = s->material->outputs, got = 0, *start = calloc((size_t)outputs + 2, sizeof *start), *row = malloc(((size_t)c->n + 1) * sizeof *row);
    int64_t *at = calloc((size_t)outputs + 1, sizeof *at);
    int ok = start && row && at;
    for (int64_t i = 0; i < c->n && ok; i++)
        start[c->v[i].label + 1] += c->v[i].fate == FATE_PASSED;
    for (int64_t k = 0; k < outputs && ok; k++)
        start[k + 1] += start[k];
    for (int64_t i = 0; i < c->n && ok; i++)
        if (c->v[i].fate == FATE_PASSED)
            row[start[c->v[i].label] + at[c->v[i].label]++] = i;
    for (int64_t k = 0; k < outputs && ok; k++)
        got += choose_for(s, c, row + start[k], start[k + 1] - start[k], need[k], chosen + got);
    free(start);
    free(row);
    free(at);
    return ok ? got : HONE_ENOMEM;
}
