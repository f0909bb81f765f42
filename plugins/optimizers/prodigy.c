/* Optimizer "prodigy": Mishchenko & Defazio, 2023, "Prodigy: an expeditiously adaptive parameter-free learner". */
#include <math.h>
#include "hone/optimizer.h"
#include "hone/wide.h"

struct conf {
    double lr, beta1, beta2, beta3, eps, estim_lr0, estim_lr_coef, weight_decay;
    int64_t safeguard_warmup;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 1, 0, 10, "learning rate"),
    HONE_ROW(struct conf, beta1, HONE_REAL, HONE_P_OPEN_MAX, 0.9, 0, 1, "decay of the mean of gradients"),
    HONE_ROW(struct conf, beta2, HONE_REAL, HONE_P_OPEN_MAX, 0.999, 0, 1, "decay of the mean of squared gradients"),
    HONE_ROW(struct conf, beta3, HONE_REAL, HONE_P_OPEN_MAX, 0, 0, 1, "decay of what the estimate is made of; 0: the root of beta2"),
    HONE_ROW(struct conf, eps, HONE_REAL, 0, 1e-8, 0, 1, "added to the denominator"),
    HONE_ROW(struct conf, estim_lr0, HONE_REAL, HONE_P_OPEN_MIN | HONE_P_LOG, 1e-6, 0, 1, "first estimate of the rate"),
    HONE_ROW(struct conf, estim_lr_coef, HONE_REAL, HONE_P_OPEN_MIN, 1, 0, 1000, "factor of the estimate"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0, 0, 1, "share of a weight that is taken off, times the learning rate"),
    HONE_ROW(struct conf, safeguard_warmup, HONE_BOOL, 0, 0, 0, 1, "keep lr out of what the estimate is made of"),
};

static const struct hone_slot slots[] = {
    { .name = "m" },
    { .name = "v" },
    { .name = "s" },
    { .name = "start", .flags = HONE_SLOT_FROM_PARAM },
    { .name = "estimate", .dtype = HONE_F64, .extent = HONE_PER_GROUP },
    { .name = "numerator", .dtype = HONE_F64, .extent = HONE_PER_GROUP },
};

struct derived {
    double estimate, rate, beta3, grow; /* rate: estimate x lr x bias corrections; s = beta3 s + grow g */
};

static int prepare(const struct hone_prep *p, struct hone_err *err)
{
    const struct conf *c = p->conf;
    double t = (double)p->step, d = p->step == 1 ? c->estim_lr0 : *(double *)p->state[4],
           rate = d * c->lr * sqrt(1 - pow(c->beta2, t)) / (1 - pow(c->beta1, t));
    (void)err;
    *(struct derived *)p->derived = (struct derived){ d, rate, c->beta3 > 0 ? c->beta3 : sqrt(c->beta2),
                                                      (c->safeguard_warmup ? d : rate) * d / c->estim_lr0 };
    return 0;
}

static void sum(const struct hone_span *s, double *sums)
{
    const struct derived *d = s->derived;
    const float *grown = s->state[2], *start = s->state[3];
    for (int64_t i = 0; i < s->n; i++) {
        double g = (double)s->grad[i];
        sums[0] += g * ((double)start[i] - (double)s->param[i]);
        sums[1] += fabs((double)(float)(d->beta3 * (double)grown[i] + d->grow * g));
    }
}

/* The new estimate, which the first total becomes. */
static int settle(const struct hone_prep *p, double *sums, struct hone_err *err)
{
    const struct conf *c = p->conf;
    const struct derived *d = p->derived;
    double *estimate = p->state[4], *numerator = p->state[5];
    (void)err;
    *numerator = d->beta3 * *numerator + d->estimate / c->estim_lr0 * d->rate * sums[0];
    *estimate = sums[1] > 0 ? fmax(d->estimate, c->estim_lr_coef * *numerator / sums[1]) : d->estimate;
    sums[0] = *estimate;
    return 0;
}

HONE_WIDE static void step(int64_t n, float *restrict param, const float *restrict grad, float *restrict m, float *restrict v,
                           float *restrict grown, struct conf c, struct derived d, double eps)
{
    for (int64_t i = 0; i < n; i++) {
        double g = (double)grad[i], x = (double)param[i], dg = d.estimate * g;
        m[i] = (float)(c.beta1 * (double)m[i] + (1 - c.beta1) * dg);
        v[i] = (float)(c.beta2 * (double)v[i] + (1 - c.beta2) * dg * dg);
        grown[i] = (float)(d.beta3 * (double)grown[i] + d.grow * g);
        double below = sqrt((double)v[i]) + eps, above = below > 0 ? (double)m[i] : 0;
        param[i] = (float)(x - d.rate * (above / (below > 0 ? below : 1) + c.weight_decay * x));
    }
}

static void update(const struct hone_span *s)
{
    const struct conf *c = s->conf;
    step(s->n, s->param, s->grad, s->state[0], s->state[1], s->state[2], *c, *(const struct derived *)s->derived, s->sums[0] * c->eps);
}

static const struct hone_optimizer prodigy = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "prodigy", "Adam that finds its own rate",
                      "Mishchenko & Defazio, 2023. Settings and defaults as optax.contrib.prodigy.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .derived_size = sizeof(struct derived), .prepare = prepare, .n_sums = 2, .sum_scope = HONE_SUM_GROUP, .sum = sum, 
    .settle = settle, .update = update,
};

HONE_DEFINE_PLUGIN("prodigy", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &prodigy.item);
