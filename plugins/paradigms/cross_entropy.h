/* The loss of rows of scores with right and wrong answers: cross-entropy with label smoothing for right ones, unlikelihood for wrong
 * ones (Welleck et al., 2020, "Neural text generation with unlikelihood training"). For paradigms; not a plugin. */
#ifndef PARADIGMS_CROSS_ENTROPY_H
#define PARADIGMS_CROSS_ENTROPY_H
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "hone/paradigm.h"
#include "plugins/paradigms/softmax.h"

/* Weights of examples by their feedback, and the share of a target that is spread over all outputs. First in the settings of a paradigm. */
struct cross_entropy {
    double label_smoothing, partial_weight, incorrect_weight;
    int64_t partial;
};

static const char *const cross_entropy_partials[] = { "weight", "target", NULL };

/* Their rows in the paradigm's table. */
#define CROSS_ENTROPY_ROWS \
    HONE_ROW(struct cross_entropy, label_smoothing, HONE_REAL, HONE_P_OPEN_MAX, 0.1, 0, 1, "share of the target spread over all outputs"), \
    HONE_ROW(struct cross_entropy, partial_weight, HONE_REAL, 0, 0.5, 0, 1, "weight of an example marked partial, or the share of its target"), \
    HONE_ROW_CHOICE(struct cross_entropy, partial, 0, 0, cross_entropy_partials, \
                    "how examples marked partial count: weight: as right ones of that weight; target: fully, with that share for their output and the rest spread"), \
    HONE_ROW(struct cross_entropy, incorrect_weight, HONE_REAL, 0, 1, 0, 100, "weight of an example marked incorrect")

/* -sum_k q_k ln p_k with q = (1 - e) one-hot(y) + e / n; its gradient is p - q. */
static double positive(const struct hone_rows *r, int64_t i, double smoothing, double weight, float *p)
{
    float sum, total;
    const float *s = r->scores + i * r->width;
    float top = exponentials(s, r->width, p, &sum, &total);
    double n = (double)r->width, log_sum = (double)top + log((double)sum);
    double loss = log_sum - (1 - smoothing) * (double)s[r->target[i]] - smoothing / n * (double)total;
    scale_shift(p, r->width, (float)(weight / (double)sum), (float)(-weight * smoothing / n));
    p[r->target[i]] -= (float)(weight * (1 - smoothing));
    return weight * loss;
}

/* -ln(1 - p_y); with the odds o = p_y / (1 - p_y) its gradient is o (1 - p_y) at y and -o p_k elsewhere, where both are bounded:
 * d/ds_y = p_y, d/ds_k = -p_y p_k / (1 - p_y). */
static double negative(const struct hone_rows *r, int64_t i, double weight, float *p)
{
    float sum, total;
    int32_t y = r->target[i];
    exponentials(r->scores + i * r->width, r->width, p, &sum, &total);
    double others = 0;
    for (int64_t k = 0; k < r->width; k++)
        others += k == y ? 0 : (double)p[k];
    double py = (double)p[y] / (others + (double)p[y]), rest = others / (others + (double)p[y]);
    if (rest < 1e-30)
        rest = 1e-30;
    float share = others > 0 ? (float)(-weight * py / others) : 0;
    scale_shift(p, r->width, share, 0);
    p[y] = (float)(weight * py);
    return -weight * log(rest);
}

/* A paradigm's loss(). */
static int cross_entropy_loss(const struct cross_entropy *c, const struct hone_rows *r, struct hone_loss *out, float *d_scores,
                              struct hone_err *err)
{
    float scratch[4096], *spare = NULL;
    out->loss = out->weight = 0;
    if (!d_scores && r->width > (int64_t)HONE_COUNT(scratch) && !(spare = malloc((size_t)r->width * sizeof *spare)))
        return hone_fail(err, HONE_ENOMEM, "memory ran out for %lld scores", (long long)r->width);
    for (int64_t i = 0; i < r->n; i++) {
        float *p = d_scores ? d_scores + i * r->width : spare ? spare : scratch;
        double weight = (double)r->weight[i];
        double smoothing = c->label_smoothing;
        if (r->feedback[i] == HONE_PARTIAL && c->partial)
            smoothing = 1 - c->partial_weight * (1 - smoothing);
        else if (r->feedback[i] == HONE_PARTIAL)
            weight *= c->partial_weight;
        else if (r->feedback[i] == HONE_INCORRECT)
            weight *= c->incorrect_weight;
        if (r->target[i] < 0 || !(weight > 0)) {
            if (d_scores)
                memset(p, 0, (size_t)r->width * sizeof *p);
            continue;
        }
        out->loss += r->feedback[i] == HONE_INCORRECT ? negative(r, i, weight, p)
                                                      : positive(r, i, smoothing, weight, p);
        out->weight += weight;
    }
    free(spare);
    return 0;
}

#endif
