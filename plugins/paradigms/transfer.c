/* Paradigm "transfer": the loss of cross_entropy.h from a base on, with what keeps the base's knowledge: a pull towards its weights
 * (Li, Grandvalet & Davoine, 2018, "Explicit inductive bias for transfer learning with convolutional networks": L2-SP), gradual
 * unfreezing (Howard & Ruder, 2018, "Universal language model fine-tuning for text classification"), distillation of the base's scores
 * (Li & Hoiem, 2016, "Learning without forgetting") and replay of the base's rows (Robins, 1995, "Catastrophic forgetting, rehearsal
 * and pseudorehearsal"). Pull, unfreezing and replay are the host's work (struct hone_plan). */
#include "cross_entropy.h"

struct conf {
    struct cross_entropy loss;
    double pull, unfreeze, distill, temperature;
    int64_t replay, keep_outputs;
};

static const struct hone_param params[] = {
    CROSS_ENTROPY_ROWS,
    HONE_ROW(struct conf, pull, HONE_REAL, 0, 0, 0, 1000, "strength of the pull towards the base's weights; 0: none"),
    HONE_ROW(struct conf, unfreeze, HONE_REAL, 0, 0, 0, 1,
             "share of the steps over which tensors of the base are released one by one, from the output side; 0: all train at once"),
    HONE_ROW(struct conf, distill, HONE_REAL, 0, 0, 0, 1000, "weight of the base's scores of its own outputs as targets; 0: none"),
    HONE_ROW(struct conf, temperature, HONE_REAL, HONE_P_OPEN_MIN, 2, 0, 1000, "by which scores are divided for distillation"),
    HONE_ROW(struct conf, replay, HONE_INT, 0, 0, 0, 1e9, "training rows of the base that are trained on too, drawn by the seed"),
    HONE_ROW(struct conf, keep_outputs, HONE_BOOL, 0, 0, 0, 1,
             "the base's outputs stay outputs when no example has them; so they do with replay or distill"),
};

/* e[k] = e^((s[k] - largest) / t) over the known columns, 0 elsewhere. Returns their sum; *log_sum gets its logarithm, with the largest. */
static double soften(const struct hone_rows *r, const float *s, double t, float *e, double *log_sum)
{
    double top = -INFINITY, sum = 0;
    for (int64_t k = 0; k < r->width; k++)
        if (r->known[k] && (double)s[k] > top)
            top = (double)s[k];
    for (int64_t k = 0; k < r->width; k++) {
        e[k] = r->known[k] ? hone_expf((float)(((double)s[k] - top) / t)) : 0;
        sum += (double)e[k];
    }
    *log_sum = top / t + log(sum);
    return sum;
}

/* temperature^2 -sum_k q_k ln p_k over the outputs that the base knows, q and p the softmax of its and of the present scores over the
 * temperature; the gradient is temperature (p - q). `q` and `p` are scratch of a row each. */
static double distill_row(const struct conf *c, const struct hone_rows *r, int64_t i, double weight, float *q, float *p, float *d)
{
    double t = c->temperature, log_q, log_p, loss = 0;
    const float *s = r->scores + i * r->width;
    double sum_q = soften(r, r->reference[0] + i * r->width, t, q, &log_q), sum_p = soften(r, s, t, p, &log_p);
    for (int64_t k = 0; k < r->width; k++) {
        if (!r->known[k])
            continue;
        double want = (double)q[k] / sum_q;
        loss -= want * ((double)s[k] / t - log_p);
        if (d)
            d[k] += (float)(weight * t * ((double)p[k] / sum_p - want));
    }
    return weight * t * t * loss;
}

static int loss(const void *conf, const struct hone_rows *r, struct hone_loss *out, float *d_scores, struct hone_err *err)
{
    const struct conf *c = conf;
    int known = 0, ret = cross_entropy_loss(&c->loss, r, out, d_scores, err);
    for (int64_t k = 0; r->known && k < r->width; k++)
        known += r->known[k];
    if (ret < 0 || !(c->distill > 0) || known < 2 || !r->reference || !r->reference[0])
        return ret;
    float *scratch = malloc((size_t)r->width * 2 * sizeof *scratch);
    if (!scratch)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for %lld scores", (long long)r->width);
    for (int64_t i = 0; i < r->n; i++)
        if (r->weight[i] > 0)
            out->loss += distill_row(c, r, i, c->distill * (double)r->weight[i], scratch, scratch + r->width,
                                     d_scores ? d_scores + i * r->width : NULL);
    free(scratch);
    return 0;
}

static int plan(const void *conf, int64_t epochs, struct hone_plan *p, struct hone_err *err)
{
    const struct conf *c = conf;
    (void)epochs;
    (void)err;
    p->flags = HONE_PLAN_BASE | (c->keep_outputs || c->replay || c->distill > 0 ? HONE_PLAN_KEEP : 0);
    p->pull = c->pull;
    p->unfreeze = c->unfreeze;
    p->replay = c->replay;
    if (c->distill > 0) {
        p->references = 1;
        p->reference[0] = (struct hone_reference){ .source = HONE_REF_START };
    }
    return 0;
}

static const struct hone_paradigm transfer = {
    .item = HONE_ITEM(struct hone_paradigm, HONE_PARADIGM, "transfer", "learns from a base on, and keeps what that knew",
                      "Cross-entropy as supervised, from the weights of config.base on. With few rows of new outputs take a base with shared "
                      "features (bow). To add outputs to an agent, set replay (rows of the base that are trained on too), or distill when "
                      "the base's rows are gone.",
                      params, struct conf, 0, NULL),
    .loss = loss, .plan = plan,
};

HONE_DEFINE_PLUGIN("transfer", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &transfer.item);
