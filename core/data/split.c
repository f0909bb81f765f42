#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/rng.h"
#include "core/base/text.h"
#include "core/data/split.h"

/* Rows of one folded input; they stay together. */
struct group {
    int64_t size;
    int32_t output;      /* of its first row; -1 counts as an output of its own */
    int validation;
};

struct row_key {
    uint64_t hash;
    int64_t row;
};

struct splitting {
    const struct examples *e;
    int written;
    int64_t *group_of;   /* [rows] */
    struct group *group;
    int64_t groups;
    int64_t *start;      /* [outputs + 2] into member: groups by output, the last for rows without one */
    int64_t *member;
};

/* Inputs that differ in case, width or blanks only have one hash. */
static int hash_inputs(const struct examples *e, struct row_key *key)
{
    struct hone_words w = { 0 };
    int ret = 0;
    for (int64_t i = 0; i < e->n && !ret; i++) {
        uint64_t h = 1;
        ret = text_service.words(e->input[i].bytes, e->input[i].len, &w);
        for (int64_t k = 0; k < w.n && !ret; k++)
            h = hone_hash_pair(h, w.hash[k]);
        if (!w.n) /* symbols that fold to nothing */
            h = text_service.hash(e->input[i].bytes, e->input[i].len, 1);
        key[i] = (struct row_key){ h, i };
    }
    text_service.words_free(&w);
    return ret;
}

static int by_hash(const void *a, const void *b)
{
    const struct row_key *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->row < y->row ? -1 : 1;
}

static int64_t output_slot(const struct splitting *s, int32_t output)
{
    return output < 0 || s->written ? s->e->outputs.n : output;
}

/* Groups numbered in the order of their first rows, and lists of them by output. */
static int make_groups(struct splitting *s)
{
    const struct examples *e = s->e;
    struct row_key *key = malloc((size_t)(e->n + 1) * sizeof *key);
    int64_t *first = malloc((size_t)(e->n + 1) * sizeof *first);
    s->group_of = malloc((size_t)(e->n + 1) * sizeof *s->group_of);
    s->group = calloc((size_t)e->n + 1, sizeof *s->group);
    s->start = calloc((size_t)e->outputs.n + 3, sizeof *s->start);
    s->member = malloc((size_t)(e->n + 1) * sizeof *s->member);
    int ret = key && first && s->group_of && s->group && s->start && s->member ? hash_inputs(e, key) : HONE_ENOMEM;
    if (!ret) {
        qsort(key, (size_t)e->n, sizeof *key, by_hash);
        for (int64_t i = 0; i < e->n; i++)
            first[key[i].row] = i && key[i].hash == key[i - 1].hash ? first[key[i - 1].row] : key[i].row;
        for (int64_t i = 0; i < e->n; i++) {
            if (first[i] == i) {
                s->group_of[i] = s->groups++;
                s->group[s->group_of[i]].output = e->output[i];
            } else {
                s->group_of[i] = s->group_of[first[i]];
            }
            s->group[s->group_of[i]].size++;
        }
        for (int64_t g = 0; g < s->groups; g++)
            s->start[output_slot(s, s->group[g].output) + 1]++;
        for (int64_t o = 0; o <= e->outputs.n; o++)
            s->start[o + 1] += s->start[o];
        for (int64_t g = 0; g < s->groups; g++) /* moves each start to the next one's place ... */
            s->member[s->start[output_slot(s, s->group[g].output)]++] = g;
        memmove(s->start + 1, s->start, (size_t)(e->outputs.n + 1) * sizeof *s->start); /* ... and back */
        s->start[0] = 0;
    }
    free(key);
    free(first);
    return ret;
}

struct share_of {
    double rest;         /* what rounding down left over */
    uint64_t tie;
    int64_t output, quota, rows;
};

static int by_rest(const void *a, const void *b)
{
    const struct share_of *x = a, *y = b;
    if (x->rest != y->rest)
        return x->rest > y->rest ? -1 : 1;
    return x->tie < y->tie ? -1 : x->tie > y->tie;
}

/* Takes whole groups of an output, in a seeded order, up to its quota; one group stays for training. Returns the rows. */
static int64_t take_groups(struct splitting *s, int64_t output, int64_t quota, uint64_t seed)
{
    int64_t from = s->start[output], n = s->start[output + 1] - from, left = n, rows = 0;
    rng_shuffle(seed, RNG_SPLIT, (uint32_t)output, s->member + from, n);
    for (int64_t i = 0; i < n && left > 1 && rows < quota; i++) {
        struct group *g = &s->group[s->member[from + i]];
        if (g->size > quota - rows)
            continue;
        g->validation = 1;
        rows += g->size;
        left--;
    }
    return rows;
}

/* Quotas by largest remainder, then groups. */
static int choose(struct splitting *s, double share, uint64_t seed)
{
    int64_t outputs = s->e->outputs.n + 1, sum = 0;
    assert(outputs > 0);
    struct share_of *q = calloc((size_t)outputs, sizeof *q);
    if (!q)
        return HONE_ENOMEM;
    for (int64_t o = 0; o < outputs; o++) {
        q[o].output = o;
        for (int64_t i = s->start[o]; i < s->start[o + 1]; i++)
            q[o].rows += s->group[s->member[i]].size;
        int alone = s->start[o + 1] - s->start[o] < 2; /* a single group trains */
        double exact = alone ? 0 : share * (double)q[o].rows;
        q[o].quota = (int64_t)floor(exact);
        q[o].rest = alone ? -1 : exact - (double)q[o].quota;
        q[o].tie = rng_u64(seed, RNG_SPLIT, UINT64_MAX - (uint64_t)o);
        sum += q[o].quota;
    }
    qsort(q, (size_t)outputs, sizeof *q, by_rest);
    int64_t missing = llround(share * (double)s->e->n) - sum;
    for (int64_t i = 0; i < outputs && missing > 0 && q[i].rest >= 0; i++, missing--)
        q[i].quota++;
    for (int64_t i = 0; i < outputs; i++)
        take_groups(s, q[i].output, q[i].quota, seed);
    free(q);
    return 0;
}

/* Deals the groups of each output out to the folds, the first one to another fold for each output. */
static void deal(struct splitting *s, int64_t folds, int64_t fold, uint64_t seed)
{
    for (int64_t o = 0; o <= s->e->outputs.n; o++) {
        int64_t from = s->start[o], n = s->start[o + 1] - from;
        rng_shuffle(seed, RNG_SPLIT, (uint32_t)o, s->member + from, n);
        for (int64_t i = 0; i < n && n > 1; i++)
            s->group[s->member[from + i]].validation = (i + o) % folds == fold;
    }
}

/* How rows are divided: a share, or one of several folds. */
struct division {
    int written;
    double share;
    int64_t folds, fold;
};

/* Whether the rows are parts of a text that goes on: most inputs are the end of the output before them. */
static int goes_on(const struct examples *e)
{
    int64_t n = 0;
    for (int64_t i = 1; i < e->n; i++) {
        struct hone_string in = e->input[i], before = e->output[i - 1] < 0 ? (struct hone_string){ "", 0 } : e->outputs.name[e->output[i - 1]];
        n += in.len > 0 && in.len <= before.len && memcmp(before.bytes + before.len - in.len, in.bytes, (size_t)in.len) == 0;
    }
    return n > 0 && 2 * n >= e->n;
}

/* Holds out one stretch of a text that goes on. */
static void cut_stretch(const struct examples *e, const struct division *d, int64_t *train, int64_t *n_train, int64_t *val, int64_t *n_val)
{
    int64_t from = d->folds > 0 ? e->n * d->fold / d->folds : e->n - llround(d->share * (double)e->n);
    int64_t to = d->folds > 0 ? e->n * (d->fold + 1) / d->folds : e->n;
    for (int64_t i = 0; i < e->n; i++) {
        if (i >= from && i < to)
            val[(*n_val)++] = i;
        else if (i != to)
            train[(*n_train)++] = i;
    }
}

static int divide(const struct examples *e, const struct division *d, uint64_t seed, int64_t **train, int64_t *n_train, int64_t **val,
                  int64_t *n_val, struct hone_err *err)
{
    struct splitting s = { .e = e, .written = d->written };
    int any = d->folds > 0 || d->share > 0, stretch = any && goes_on(e);
    *n_train = *n_val = 0;
    *train = malloc((size_t)(e->n + 1) * sizeof **train);
    *val = malloc((size_t)(e->n + 1) * sizeof **val);
    int ret = *train && *val ? 0 : HONE_ENOMEM;
    if (!ret && stretch)
        cut_stretch(e, d, *train, n_train, *val, n_val);
    else if (!ret && any)
        ret = make_groups(&s);
    if (!ret && !stretch && d->folds > 0)
        deal(&s, d->folds, d->fold, seed);
    else if (!ret && !stretch && any)
        ret = choose(&s, d->share, seed);
    for (int64_t i = 0; i < e->n && !ret && !stretch; i++) {
        if (any && s.group[s.group_of[i]].validation)
            (*val)[(*n_val)++] = i;
        else
            (*train)[(*n_train)++] = i;
    }
    free(s.group_of);
    free(s.group);
    free(s.start);
    free(s.member);
    if (!ret)
        return 0;
    free(*train);
    free(*val);
    *train = *val = NULL;
    return hone_fail(err, ret, "memory ran out while %lld examples were split", (long long)e->n);
}

int split_examples(const struct examples *e, int written, double share, uint64_t seed, int64_t **train, int64_t *n_train, int64_t **val,
                   int64_t *n_val, struct hone_err *err)
{
    return divide(e, &(struct division){ .written = written, .share = share }, seed, train, n_train, val, n_val, err);
}

int split_fold(const struct examples *e, int written, int64_t folds, int64_t fold, uint64_t seed, int64_t **train, int64_t *n_train, int64_t **val,
               int64_t *n_val, struct hone_err *err)
{
    return divide(e, &(struct division){ .written = written, .folds = folds, .fold = fold }, seed, train, n_train, val, n_val, err);
}

struct drawn {
    uint64_t key;
    int64_t at;          /* in row[] */
    int32_t output;
};

static int by_draw(const void *a, const void *b)
{
    const struct drawn *x = a, *y = b;
    if (x->output != y->output)
        return x->output < y->output ? -1 : 1;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

int split_thin(const struct examples *e, int written, double share, uint64_t seed, uint32_t draw, int64_t *row, int64_t *n, struct hone_err *err)
{
    struct drawn *d = malloc((size_t)(*n + 1) * sizeof *d);
    uint8_t *keep = calloc((size_t)*n + 1, 1);
    int64_t kept = 0;
    if (!d || !keep) {
        free(d);
        free(keep);
        return hone_fail(err, HONE_ENOMEM, "memory ran out while %lld rows were drawn from", (long long)*n);
    }
    for (int64_t i = 0; i < *n; i++)
        d[i] = (struct drawn){ rng_u64(seed, RNG_SUBSET, (uint64_t)draw << 40 | (uint64_t)row[i]), i, written ? 0 : e->output[row[i]] };
    qsort(d, (size_t)*n, sizeof *d, by_draw);
    for (int64_t from = 0, to; from < *n; from = to) {
        for (to = from; to < *n && d[to].output == d[from].output; to++)
            ;
        int64_t most = (int64_t)ceil(share * (double)(to - from));
        for (int64_t i = from; i < from + most && i < to; i++)
            keep[d[i].at] = 1;
    }
    for (int64_t i = 0; i < *n; i++) {
        if (keep[i])
            row[kept++] = row[i];
    }
    *n = kept;
    free(d);
    free(keep);
    return 0;
}
