/* Paradigm "dpo": direct preference optimization (Rafailov et al., 2023, "Direct preference optimization: your language model is secretly a
 * reward model"), with label smoothing as in conservative DPO (Mitchell, 2023). The reference is what training started from. */
#include <stdlib.h>
#include <string.h>
#include "hone/paradigm.h"
#include "plugins/paradigms/softmax.h"

struct conf {
    double beta, flipped;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, beta, HONE_REAL, HONE_P_OPEN_MIN, 0.1, 0, 100, "how strongly the base is held on to: the less, the further answers may move from it"),
    HONE_ROW(struct conf, flipped, HONE_REAL, HONE_P_OPEN_MAX, 0, 0, 0.5,
             "label smoothing: share of the preferences that are taken to be the wrong way round (config.labelSmoothing is of single answers)"),
};

static int plan(const void *conf, int64_t epochs, struct hone_plan *p, struct hone_err *err)
{
    (void)conf;
    (void)epochs;
    (void)err;
    p->flags = HONE_PLAN_BASE | HONE_PLAN_PAIRS;
    p->references = 1;
    p->reference[0].source = HONE_REF_START;
    p->score_name = "preferred";
    return 0;
}

/* ln softmax(s)_y; p [n] becomes the softmax. */
static float log_softmax(const float *s, int64_t n, int32_t y, float *p)
{
    float sum, total, top = exponentials(s, n, p, &sum, &total);
    scale_shift(p, n, 1 / sum, 0);
    return (s[y] - top) - hone_logf(sum);
}

/* By how much likelier than by the reference the rows from..to are; d [rows][width] becomes their softmax less the targets, or, where it
 * is NULL, `spare` is used up. */
static double log_ratio(const struct hone_rows *r, int64_t from, int64_t to, float *d, float *spare)
{
    double sum = 0;
    for (int64_t i = from; i < to; i++) {
        float *p = d ? d + i * r->width : spare;
        int32_t y = r->target[i];
        if (y < 0) {
            memset(p, 0, (size_t)r->width * sizeof *p);
            continue;
        }
        float reference = log_softmax(r->reference[0] + i * r->width, r->width, y, p);
        sum += (double)log_softmax(r->scores + i * r->width, r->width, y, p) - (double)reference;
        p[y] -= 1;
    }
    return sum;
}

/* -ln(1 / (1 + e^-z)), and the logistic function of z. */
static double minus_log_sigmoid(double z, double *sigmoid)
{
    float e = hone_expf((float)(z < 0 ? z : -z));
    *sigmoid = z < 0 ? (double)e / (1 + (double)e) : 1 / (1 + (double)e);
    return (z < 0 ? -z : 0) + (double)hone_logf(1 + e);
}

/* The pair of answers a and a + 1. */
static void one_pair(const struct conf *c, const struct hone_rows *r, int64_t a, struct hone_loss *out, float *d, float *spare)
{
    int64_t first = r->answer_start[0], from = r->answer_start[a] - first, middle = r->answer_start[a + 1] - first, to = r->answer_start[a + 2] - first;
    double weight = from < to ? (double)r->weight[from] * (r->feedback[from] == HONE_PARTIAL ? 0.5 : 1) : 0, right;
    if (!(weight > 0)) {
        if (d)
            memset(d + from * r->width, 0, (size_t)((to - from) * r->width) * sizeof *d);
        return;
    }
    double margin = log_ratio(r, from, middle, d, spare) - log_ratio(r, middle, to, d, spare), wrong;
    double kept = minus_log_sigmoid(c->beta * margin, &right), turned = minus_log_sigmoid(-c->beta * margin, &wrong);
    out->loss += weight * ((1 - c->flipped) * kept + c->flipped * turned);
    out->weight += weight;
    out->score += margin > 0 ? weight : 0;
    out->scored += weight;
    float pull = (float)(weight * c->beta * ((1 - c->flipped) * wrong - c->flipped * right));
    for (int64_t i = from; d && i < to; i++)
        scale_shift(d + i * r->width, r->width, i < middle ? pull : -pull, 0);
}

static int loss(const void *conf, const struct hone_rows *r, struct hone_loss *out, float *d_scores, struct hone_err *err)
{
    float *spare = d_scores ? NULL : malloc((size_t)(r->width + 1) * sizeof *spare);
    if (!d_scores && !spare)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for %lld scores", (long long)r->width);
    for (int64_t a = 0; a + 1 < r->answers; a += r->each)
        one_pair(conf, r, a, out, d_scores, spare);
    free(spare);
    return 0;
}

static const struct hone_paradigm dpo = {
    .item = HONE_ITEM(struct hone_paradigm, HONE_PARADIGM, "dpo", "learns which of two written answers is preferred",
                      "Direct preference optimization: an example has a chosen and a rejected answer, and the model, which writes, makes the first likelier and the second "
                      "less likely than its base does. Its score is the share of pairs whose margin over the base is positive.",
                      params, struct conf, 0, NULL),
    .loss = loss, .plan = plan,
};

HONE_DEFINE_PLUGIN("dpo", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &dpo.item);
