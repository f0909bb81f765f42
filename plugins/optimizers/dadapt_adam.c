/* Optimizer "dadapt_adam": Defazio & Mishchenko, 2023, "Learning-rate-free learning by D-adaptation", with decoupled weight decay. */
#include <math.h>
#include "hone/optimizer.h"
#include "hone/wide.h"

struct conf {
    double lr, beta1, beta2, eps, estim_lr0, weight_decay;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 1, 0, 10, "learning rate"),
    HONE_ROW(struct conf, beta1, HONE_REAL, HONE_P_OPEN_MAX, 0.9, 0, 1, "decay of the mean of gradients"),
    HONE_ROW(struct conf, beta2, HONE_REAL, HONE_P_OPEN_MAX, 0.999, 0, 1, "decay of the mean of squared gradients"),
    HONE_ROW(struct conf, eps, HONE_REAL, 0, 1e-8, 0, 1, "added to the denominator"),
    HONE_ROW(struct conf, estim_lr0, HONE_REAL, HONE_P_OPEN_MIN | HONE_P_LOG, 1e-6, 0, 1, "first estimate of the rate"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0, 0, 1, "share of a weight that is taken off, times the learning rate"),
};

static const struct hone_slot slots[] = {
    { .name = "m" },
    { .name = "v" },
    { .name = "s" },
    { .name = "estimate", .dtype = HONE_F64, .extent = HONE_PER_GROUP },
    { .name = "numerator", .dtype = HONE_F64, .extent = HONE_PER_GROUP },
};

struct derived {
    double estimate, rate, root; /* rate: estimate x lr x bias corrections; root of beta2 */
};

static int prepare(const struct hone_prep *p, struct hone_err *err)
{
    const struct conf *c = p->conf;
    double t = (double)p->step, d = p->step == 1 ? c->estim_lr0 : *(double *)p->state[3];
    (void)err;
    *(struct derived *)p->derived = (struct derived){ d, d * c->lr * sqrt(1 - pow(c->beta2, t)) / (1 - pow(c->beta1, t)), sqrt(c->beta2) };
    return 0;
}

static void sum(const struct hone_span *s, double *sums)
{
    const struct conf *c = s->conf;
    const struct derived *d = s->derived;
    const float *v = s->state[1], *grown = s->state[2];
    for (int64_t i = 0; i < s->n; i++) {
        double g = (double)s->grad[i], below = sqrt((double)v[i]) + c->eps;
        sums[0] += below > 0 ? g * (double)grown[i] / below : 0;
        sums[1] += fabs((double)(float)(d->root * (double)grown[i] + (1 - d->root) * d->rate * g));
    }
}

static int settle(const struct hone_prep *p, double *sums, struct hone_err *err)
{
    const struct derived *d = p->derived;
    double *estimate = p->state[3], *numerator = p->state[4];
    (void)err;
    *numerator = d->root * *numerator + (1 - d->root) * d->rate * sums[0];
    *estimate = sums[1] > 0 ? fmax(d->estimate, *numerator / ((1 - d->root) * sums[1])) : d->estimate;
    return 0;
}

HONE_WIDE static void step(int64_t n, float *restrict param, const float *restrict grad, float *restrict m, float *restrict v,
                           float *restrict grown, struct conf c, struct derived d)
{
    for (int64_t i = 0; i < n; i++) {
        double g = (double)grad[i], x = (double)param[i];
        m[i] = (float)(c.beta1 * (double)m[i] + (1 - c.beta1) * d.rate * g);
        v[i] = (float)(c.beta2 * (double)v[i] + (1 - c.beta2) * g * g);
        grown[i] = (float)(d.root * (double)grown[i] + (1 - d.root) * d.rate * g);
        double below = sqrt((double)v[i]) + c.eps, above = below > 0 ? (double)m[i] : 0;
        param[i] = (float)(x - c.weight_decay * d.rate * x - above / (below > 0 ? below : 1));
    }
}

static void update(const struct hone_span *s)
{
    step(s->n, s->param, s->grad, s->state[0], s->state[1], s->state[2], *(const struct conf *)s->conf,
         *(const struct derived *)s->derived);
}

static const struct hone_optimizer dadapt_adam = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "dadapt_adam", "Adam with D-adaptation",
                      "Defazio & Mishchenko, 2023. Settings and defaults as optax.contrib.dadapt_adamw.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .derived_size = sizeof(struct derived), .prepare = prepare, .n_sums = 2, .sum_scope = HONE_SUM_GROUP, .sum = sum, 
    .settle = settle, .update = update,
};

HONE_DEFINE_PLUGIN("dadapt_adam", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &dadapt_adam.item);
