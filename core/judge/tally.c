/* See tally.h; slices are in slices.c. */
#include "core/judge/tally.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/judge/stats.h"

struct mistake {
    int32_t expected, predicted;
    int64_t at;
    float top;
};

static int by_pair(const void *a, const void *b)
{
    const struct mistake *x = a, *y = b;
    if (x->expected != y->expected)
        return x->expected < y->expected ? -1 : 1;
    if (x->predicted != y->predicted)
        return x->predicted < y->predicted ? -1 : 1;
    if (x->top > y->top || x->top < y->top)
        return x->top > y->top ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

static int by_count(const void *a, const void *b)
{
    const struct pair_tally *x = a, *y = b;
    if (x->n != y->n)
        return x->n > y->n ? -1 : 1;
    if (x->expected != y->expected)
        return x->expected < y->expected ? -1 : 1;
    return (x->predicted > y->predicted) - (x->predicted < y->predicted);
}

static int count_pairs(struct tally *t, const struct predictions *p)
{
    int64_t n = 0;
    struct mistake *m = malloc(((size_t)(t->rows - t->correct) + 1) * sizeof *m);
    t->pair = malloc(((size_t)(t->rows - t->correct) + 1) * sizeof *t->pair);
    if (!m || !t->pair) {
        free(m);
        return -1;
    }
    for (int64_t i = 0; i < p->n; i++) {
        if (p->predicted[i] != p->expected[i])
            m[n++] = (struct mistake){ p->expected[i], p->predicted[i], i, p->top[i] };
    }
    qsort(m, (size_t)n, sizeof *m, by_pair);
    for (int64_t i = 0; i < n; i++) {
        struct pair_tally *last = t->n_pairs > 0 ? &t->pair[t->n_pairs - 1] : NULL;
        if (last && last->expected == m[i].expected && last->predicted == m[i].predicted)
            last->n++;
        else
            t->pair[t->n_pairs++] = (struct pair_tally){ m[i].expected, m[i].predicted, 1, m[i].at };
    }
    qsort(t->pair, (size_t)t->n_pairs, sizeof *t->pair, by_count);
    free(m);
    return 0;
}

static void count_rows(struct tally *t, const struct predictions *p)
{
    for (int64_t i = 0; i < p->n; i++) {
        int right = p->predicted[i] == p->expected[i];
        int b = (int)ceil((double)p->top[i] * TALLY_BINS) - 1;
        struct bin_tally *bin = &t->bin[b < 0 ? 0 : b >= TALLY_BINS ? TALLY_BINS - 1 : b];
        t->rows++;
        t->correct += right;
        t->output[p->expected[i]].rows++;
        t->output[p->expected[i]].correct += right;
        if (p->predicted[i] >= 0)
            t->output[p->predicted[i]].predicted++;
        bin->rows++;
        bin->correct += right;
        bin->confidence += (double)p->top[i];
        t->confidence += (double)p->top[i];
        t->entropy += (double)p->entropy[i];
    }
    t->confidence /= (double)(t->rows > 0 ? t->rows : 1);
    t->entropy /= (double)(t->rows > 0 ? t->rows : 1);
}

static void measure_calibration(struct tally *t)
{
    for (int b = 0; b < TALLY_BINS; b++) {
        const struct bin_tally *bin = &t->bin[b];
        if (bin->rows == 0)
            continue;
        double gap = fabs((double)bin->correct - bin->confidence) / (double)bin->rows;
        t->ece += gap * (double)bin->rows / (double)t->rows;
        t->mce = fmax(t->mce, gap);
    }
}

int tally_count(struct tally *t, const struct predictions *p, const struct examples *e, struct hone_err *err)
{
    t->output = calloc((size_t)p->n_names + 1, sizeof *t->output);
    if (!t->output)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for the evaluation");
    count_rows(t, p);
    measure_calibration(t);
    if (count_pairs(t, p) < 0)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for the evaluation");
    return tally_slices(t, p, e, err);
}

void tally_free(struct tally *t)
{
    free(t->output);
    free(t->pair);
    free(t->slice);
    memset(t, 0, sizeof *t);
}

struct ranked {
    float top;
    int right;
};

static int by_confidence(const void *a, const void *b)
{
    float x = ((const struct ranked *)a)->top, y = ((const struct ranked *)b)->top;
    return (x < y) - (x > y);
}

int tally_threshold(const struct predictions *p, double precision, double *threshold, double *coverage, double *reached,
                    struct hone_err *err)
{
    struct ranked *r = malloc(((size_t)p->n + 1) * sizeof *r);
    int64_t right = 0;
    *threshold = *coverage = *reached = NAN;
    if (!r)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for the evaluation");
    for (int64_t i = 0; i < p->n; i++)
        r[i] = (struct ranked){ p->top[i], p->predicted[i] == p->expected[i] };
    qsort(r, (size_t)p->n, sizeof *r, by_confidence);
    for (int64_t i = 0; i < p->n; i++) {
        right += r[i].right;
        int last_of_its_value = i + 1 == p->n || r[i + 1].top < r[i].top;
        if (!last_of_its_value || stats_wilson(right, i + 1, STATS_Z).low < precision)
            continue;
        *threshold = (double)r[i].top;
        *coverage = (double)(i + 1) / (double)p->n;
        *reached = (double)right / (double)(i + 1);
    }
    free(r);
    return 0;
}
