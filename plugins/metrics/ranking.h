/* Rows ranked by a score, positives against negatives: what areas under curves are made of. Only the positives are sorted, and of the
 * negatives only those are looked at that reach the lowest positive: for a good model nearly none. Weighted. */
#ifndef METRICS_RANKING_H
#define METRICS_RANKING_H
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "hone/metric.h"

struct ranked {
    float score;
    int32_t row;
};

/* A negative that is not below all positives; or a positive of weight 0, which has no influence (above -1). */
struct near {
    int32_t row, above, least; /* how many positives are <= and < its score */
};

struct ranking {
    int64_t n, positives, nears;
    double pos_weight, neg_weight;
    struct ranked *pos;         /* [positives] ascending */
    double *pos_below;          /* [positives + 1] weight of pos[0 .. i) */
    struct near *near;          /* [nears] by row */
    double *neg_below, *neg_least; /* [positives + 1] weight of the negatives with above <= i, and with least <= i */
};

static int ranking_ascending(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->score < y->score || x->score > y->score)
        return x->score < y->score ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static void ranking_free(struct ranking *r)
{
    free(r->pos);
    free(r->pos_below);
    free(r->near);
    free(r->neg_below);
    free(r->neg_least);
    memset(r, 0, sizeof *r);
}

static int ranking_room(struct ranking *r, int64_t n)
{
    size_t size = (size_t)n + 1;
    r->n = n;
    r->pos = malloc(size * sizeof *r->pos);
    r->pos_below = malloc(size * sizeof *r->pos_below);
    r->near = malloc(size * sizeof *r->near);
    r->neg_below = malloc(size * sizeof *r->neg_below);
    r->neg_least = malloc(size * sizeof *r->neg_least);
    return r->pos && r->pos_below && r->near && r->neg_below && r->neg_least ? 0 : -1;
}

/* How many of the positives are below x, or at most x. */
static int32_t ranking_place(const struct ranking *r, float x, int at_most)
{
    int64_t low = 0, high = r->positives;
    while (low < high) {
        int64_t mid = (low + high) / 2;
        if (r->pos[mid].score < x || (at_most && !(r->pos[mid].score > x)))
            low = mid + 1;
        else
            high = mid;
    }
    return (int32_t)low;
}

static double ranking_weight(const float *weight, int64_t i)
{
    return weight ? (double)weight[i] : 1;
}

static int ranking_is(const int32_t *label, int64_t i, int32_t positive)
{
    return positive < 0 ? label[i] >= 0 : label[i] == positive;
}

/* The rows on the positive side, sorted, with the weights up to each. */
static void ranking_positives(struct ranking *r, const float *score, const int32_t *label, int32_t positive, const float *weight)
{
    double all = weight ? 0 : (double)r->n;
    r->positives = r->nears = 0;
    r->pos_weight = 0;
    for (int64_t i = 0; weight && i < r->n; i++)
        all += (double)weight[i];
    for (int64_t i = 0; i < r->n; i++) {
        if (!ranking_is(label, i, positive))
            continue;
        if (ranking_weight(weight, i) > 0)
            r->pos[r->positives++] = (struct ranked){ score[i], (int32_t)i };
        else
            r->near[r->nears++] = (struct near){ (int32_t)i, -1, -1 };
    }
    qsort(r->pos, (size_t)r->positives, sizeof *r->pos, ranking_ascending);
    for (int64_t i = 0; i < r->positives; i++) {
        r->pos_below[i] = r->pos_weight;
        r->pos_weight += ranking_weight(weight, r->pos[i].row);
    }
    r->pos_below[r->positives] = r->pos_weight;
    r->neg_weight = all - r->pos_weight;
}

/* Ranks the rows by score[n]; a row is positive when label[i] == positive (or, for positive < 0, when label[i] >= 0). Room was
 * made. Rows of weight 0 are left out. */
static void ranking_make(struct ranking *r, const float *score, const int32_t *label, int32_t positive, const float *weight)
{
    ranking_positives(r, score, label, positive, weight);
    memset(r->neg_below, 0, ((size_t)r->positives + 1) * sizeof *r->neg_below);
    memset(r->neg_least, 0, ((size_t)r->positives + 1) * sizeof *r->neg_least);
    float lowest = r->positives > 0 ? r->pos[0].score : 0;
    double far = r->neg_weight;
    for (int64_t i = 0; r->positives > 0 && i < r->n; i++) {
        if (score[i] < lowest || ranking_is(label, i, positive))
            continue;
        struct near at = { (int32_t)i, ranking_place(r, score[i], 1), ranking_place(r, score[i], 0) };
        double w = ranking_weight(weight, i);
        r->near[r->nears++] = at;
        r->neg_below[at.above] += w;
        r->neg_least[at.least] += w;
        far -= w;
    }
    r->neg_below[0] += far;
    r->neg_least[0] += far;
    for (int64_t i = 1; i <= r->positives; i++) {
        r->neg_below[i] += r->neg_below[i - 1];
        r->neg_least[i] += r->neg_least[i - 1];
    }
}

/* The area under the receiver operating characteristic: the chance that a positive is above a negative, ties counting half (Hanley &
 * McNeil 1982). `influence` (may be NULL) gets `share` times each row's (the components of DeLong et al. 1988) less what all rows share,
 * which *base gets. NaN when one side is empty. */
static inline double ranking_auc(const struct ranking *r, double *influence, double *base, double share)
{
    double sum = 0, under = r->pos_weight * r->neg_weight;
    if (!(under > 0))
        return (double)NAN;
    for (int64_t i = 0; i < r->positives; i++) {
        double below = r->neg_below[i], ties = r->neg_least[i] - below;
        sum += (r->pos_below[i + 1] - r->pos_below[i]) * (below + ties / 2);
    }
    double auc = sum / under;
    double far = influence ? share * (1 - auc) / r->neg_weight : 0; /* of a negative below all positives */
    if (influence)
        *base += far;
    for (int64_t k = 0; influence && k < r->nears; k++) {
        const struct near *at = &r->near[k];
        influence[at->row] -= far;
        if (at->above < 0)
            continue;
        double over = r->pos_weight - r->pos_below[at->above], ties = r->pos_below[at->above] - r->pos_below[at->least];
        influence[at->row] += share * ((over + ties / 2) / r->pos_weight - auc) / r->neg_weight;
    }
    for (int64_t i = 0; influence && i < r->positives; i++) {
        double below = r->neg_below[i], ties = r->neg_least[i] - below;
        influence[r->pos[i].row] += share * ((below + ties / 2) / r->neg_weight - auc) / r->pos_weight - far;
    }
    return auc;
}

/* Average precision: sum over thresholds of (recall - recall before) precision, rows of equal score entering together. `scratch`
 * [3][positives + 1]. Its influence by the product rule on TP / (TP + FP). */
static inline double ranking_precision(const struct ranking *r, double *influence, double share, double *scratch)
{
    int64_t n = r->positives;
    double *precision = scratch, *gain = scratch + n + 1, *loss = scratch + 2 * (n + 1), sum = 0;
    if (!(r->pos_weight > 0))
        return (double)NAN;
    gain[0] = loss[0] = 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t first = i > 0 && !(r->pos[i - 1].score < r->pos[i].score) ? -1 : i; /* -1: the precision of the one before */
        double w = r->pos_below[i + 1] - r->pos_below[i];
        double tp = first < 0 ? 0 : r->pos_weight - r->pos_below[i], fp = first < 0 ? 0 : r->neg_weight - r->neg_below[i];
        precision[i] = first < 0 ? precision[i - 1] : tp / (tp + fp);
        double by_gain = first < 0 && i > 0 ? 0 : fp / ((tp + fp) * (tp + fp)), by_loss = first < 0 ? 0 : tp / ((tp + fp) * (tp + fp));
        if (first < 0) { /* the same rates as the row before, which has the same score */
            double before = r->pos_below[i] - r->pos_below[i - 1];
            by_gain = before > 0 ? (gain[i] - gain[i - 1]) / before : 0;
            by_loss = before > 0 ? (loss[i] - loss[i - 1]) / before : 0;
        }
        gain[i + 1] = gain[i] + w * by_gain;
        loss[i + 1] = loss[i] + w * by_loss;
        sum += w * precision[i];
    }
    double ap = sum / r->pos_weight;
    for (int64_t k = 0; influence && k < r->nears; k++) { /* a negative below all positives has none */
        if (r->near[k].above >= 0)
            influence[r->near[k].row] -= share * loss[r->near[k].above] / r->pos_weight;
    }
    for (int64_t i = 0, end = 0; influence && i < n; i++) {
        while (end < n && !(r->pos[end].score > r->pos[i].score))
            end++;
        influence[r->pos[i].row] += share * (gain[end] + precision[i] - ap) / r->pos_weight;
    }
    return ap;
}

#endif
