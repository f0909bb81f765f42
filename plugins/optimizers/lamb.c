/* Optimizer "lamb": You et al., 2020, "Large batch optimization for deep learning: training BERT in 76 minutes". Adam's
 * direction with decoupled decay, its length set by the length of the tensor. */
#include <math.h>
#include "hone/optimizer.h"
#include "hone/wide.h"

struct conf {
    double lr, beta1, beta2, eps, weight_decay;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.001, 0, 10, "learning rate"),
    HONE_ROW(struct conf, beta1, HONE_REAL, HONE_P_OPEN_MAX, 0.9, 0, 1, "decay of the mean of gradients"),
    HONE_ROW(struct conf, beta2, HONE_REAL, HONE_P_OPEN_MAX, 0.999, 0, 1, "decay of the mean of squared gradients"),
    HONE_ROW(struct conf, eps, HONE_REAL, HONE_P_OPEN_MIN, 1e-6, 0, 1, "added to the denominator"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0, 0, 1, "share of the weights in the direction"),
};

static const struct hone_slot slots[] = { { .name = "m" }, { .name = "v" } };

struct derived {
    float b1, a1, b2, a2, first, second, eps, decay; /* a = 1 - b; first, second: 1 / (1 - beta^t) */
};

static int prepare(const struct hone_prep *p, struct hone_err *err)
{
    const struct conf *c = p->conf;
    struct derived *d = p->derived;
    (void)err;
    *d = (struct derived){ (float)c->beta1, (float)(1 - c->beta1), (float)c->beta2, (float)(1 - c->beta2),
                           (float)(1 / (1 - pow(c->beta1, (double)p->step))), (float)(1 / (1 - pow(c->beta2, (double)p->step))),
                           (float)c->eps, (float)c->weight_decay };
    return 0;
}

/* An element of the direction from the moments that the step will have. */
static inline float direction(const struct derived *d, float x, float g, float *m, float *v)
{
    *m = d->b1 * *m + d->a1 * g;
    *v = d->b2 * *v + d->a2 * (g * g);
    return *m * d->first / (sqrtf(*v * d->second) + d->eps) + d->decay * x;
}

/* Squared lengths of the tensor and of the direction. */
static void sum(const struct hone_span *s, double *sums)
{
    const float *old_m = s->state[0], *old_v = s->state[1];
    for (int64_t i = 0; i < s->n; i++) {
        float m = old_m[i], v = old_v[i], u = direction(s->derived, s->param[i], s->grad[i], &m, &v);
        sums[0] += (double)s->param[i] * (double)s->param[i];
        sums[1] += (double)u * (double)u;
    }
}

HONE_WIDE static void step(int64_t n, float *restrict x, const float *restrict g, float *restrict m, float *restrict v, struct derived d,
                           float rate)
{
    for (int64_t i = 0; i < n; i++)
        x[i] -= rate * direction(&d, x[i], g[i], &m[i], &v[i]);
}

static void update(const struct hone_span *s)
{
    double ratio = s->sums[0] > 0 && s->sums[1] > 0 ? sqrt(s->sums[0] / s->sums[1]) : 1;
    float rate = (float)(((const struct conf *)s->conf)->lr * ratio);
    step(s->n, s->param, s->grad, s->state[0], s->state[1], *(const struct derived *)s->derived, rate);
}

static const struct hone_optimizer lamb = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "lamb", "Adam with a length by tensor",
                      "You et al., 2020. Settings and defaults as optax.lamb.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .derived_size = sizeof(struct derived), .n_sums = 2, .sum_scope = HONE_SUM_TENSOR, .prepare = prepare, .sum = sum,
    .update = update,
};

HONE_DEFINE_PLUGIN("lamb", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &lamb.item);
