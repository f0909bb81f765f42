/* The mean over outputs of a number that tells an output's rows from all others by its probability. Outputs are shared among
 * threads in blocks, whose columns are copied side by side first. Included by roc_auc.c and average_precision.c, which define
 * OUTPUT_VALUE(ranking, influence, base, share, scratch). */
#ifndef METRICS_ONE_VS_REST_H
#define METRICS_ONE_VS_REST_H
#include "ranking.h"

struct conf {
    int64_t average;
};
enum { MACRO, WEIGHTED };
static const char *const averages[] = { "macro", "weighted", NULL };
static const struct hone_param params[] = {
    HONE_ROW_CHOICE(struct conf, average, 0, MACRO, averages, "mean over outputs, or over outputs by their rows"),
};
static const char *const needs[] = { "prob", NULL };

#define BLOCK 16 /* outputs */

struct rest_work {
    const struct hone_scored *s;
    const double *share;    /* [width] of each output in the mean; 0: not defined */
    double *value;          /* [blocks] sum of share x value */
    double *influence;      /* [blocks][n] or NULL; less base[blocks], which every row has */
    double *base;
    int failed;
};

static void rest_block(struct rest_work *w, int64_t block, struct ranking *r, float *score, double *scratch)
{
    const struct hone_scored *s = w->s;
    int64_t first = block * BLOCK, n = s->width - first < BLOCK ? s->width - first : BLOCK;
    for (int64_t i = 0; i < s->n; i++) {
        for (int64_t k = 0; k < n; k++)
            score[k * s->n + i] = s->prob[i * s->width + first + k];
    }
    for (int64_t k = 0; k < n; k++) {
        int32_t output = (int32_t)(first + k);
        if (!(w->share[output] > 0))
            continue;
        ranking_make(r, score + k * s->n, s->label, output, s->weight);
        w->value[block] += w->share[output] * OUTPUT_VALUE(r, w->influence ? w->influence + block * s->n : NULL, &w->base[block], w->share[output],
                                                           scratch);
    }
}

static void rest_task(void *arg, int64_t begin, int64_t end)
{
    struct rest_work *w = arg;
    struct ranking r = { 0 };
    float *score = malloc((size_t)w->s->n * BLOCK * sizeof *score + 1);
    double *scratch = malloc(((size_t)w->s->n + 1) * 3 * sizeof *scratch);
    if (!score || !scratch || ranking_room(&r, w->s->n) < 0) {
        __atomic_store_n(&w->failed, 1, __ATOMIC_RELAXED);
        end = begin;
    }
    for (int64_t b = begin; b < end; b++)
        rest_block(w, b, &r, score, scratch);
    free(score);
    free(scratch);
    ranking_free(&r);
}

/* Outputs that have rows and others that are not theirs count. */
static int rest_shares(const struct hone_scored *s, int64_t average, double *share)
{
    double all = 0, sum = 0;
    for (int64_t i = 0; i < s->n; i++) {
        double w = ranking_weight(s->weight, i);
        all += w;
        if (s->label[i] >= 0)
            share[s->label[i]] += w;
    }
    for (int64_t k = 0; k < s->width; k++) {
        share[k] = share[k] > 0 && share[k] < all ? average == WEIGHTED ? share[k] : 1 : 0;
        sum += share[k];
    }
    for (int64_t k = 0; sum > 0 && k < s->width; k++)
        share[k] /= sum;
    return sum > 0;
}

static int whole(const struct hone_scored *s, const void *conf, const struct hone_host *host, double *out, double *influence, struct hone_err *err)
{
    int64_t blocks = (s->width + BLOCK - 1) / BLOCK;
    double *share = calloc((size_t)s->width + 1, sizeof *share);
    struct rest_work w = { .s = s, .share = share, .value = calloc((size_t)blocks + 1, sizeof *w.value), .base = calloc((size_t)blocks + 1, sizeof *w.base),
                           .influence = influence ? calloc((size_t)(blocks * s->n) + 1, sizeof *influence) : NULL };
    int rc = share && w.value && w.base && (!influence || w.influence) ? 0 : HONE_ENOMEM;
    out[0] = NAN;
    for (int64_t i = 0; influence && i < s->n; i++)
        influence[i] = 0;
    if (rc == 0 && rest_shares(s, ((const struct conf *)conf)->average, share)) {
        host->parallel(host, blocks, 1, rest_task, &w);
        rc = w.failed ? HONE_ENOMEM : 0;
        out[0] = 0;
        for (int64_t b = 0; b < blocks; b++) {
            out[0] += w.value[b];
            for (int64_t i = 0; influence && i < s->n; i++)
                influence[i] += w.influence[b * s->n + i] + w.base[b];
        }
    }
    free(share);
    free(w.value);
    free(w.base);
    free(w.influence);
    return rc < 0 ? hone_fail(err, rc, "memory ran out for %lld rows and %lld outputs", (long long)s->n, (long long)s->width) : HONE_WHOLE_INFLUENCE;
}

#endif
