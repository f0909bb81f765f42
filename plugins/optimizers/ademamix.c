/* Optimizer "ademamix": Pagliardini et al., 2024, "The AdEMAMix optimizer: better, faster, older". */
#include <math.h>
#include "hone/optimizer.h"
#include "hone/wide.h"

struct conf {
    double lr, beta1, beta2, beta3, alpha, eps, weight_decay;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.001, 0, 10, "learning rate"),
    HONE_ROW(struct conf, beta1, HONE_REAL, HONE_P_OPEN_MAX, 0.9, 0, 1, "decay of the mean of gradients"),
    HONE_ROW(struct conf, beta2, HONE_REAL, HONE_P_OPEN_MAX, 0.999, 0, 1, "decay of the mean of squared gradients"),
    HONE_ROW(struct conf, beta3, HONE_REAL, HONE_P_OPEN_MAX, 0.9999, 0, 1, "decay of the slow mean of gradients"),
    HONE_ROW(struct conf, alpha, HONE_REAL, 0, 5, 0, 1000, "weight of the slow mean"),
    HONE_ROW(struct conf, eps, HONE_REAL, 0, 1e-8, 0, 1, "added to the denominator"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0, 0, 1, "share of a weight that is taken off, times the learning rate"),
};

static const struct hone_slot slots[] = {
    { .name = "m" },
    { .name = "slow" },
    { .name = "v" },
};

struct derived {
    float b1, a1, b2, a2, b3, a3, alpha, first, root, eps, lr, decay;
};

static int prepare(const struct hone_prep *p, struct hone_err *err)
{
    const struct conf *c = p->conf;
    (void)err;
    *(struct derived *)p->derived = (struct derived){
        (float)c->beta1, (float)(1 - c->beta1), (float)c->beta2, (float)(1 - c->beta2), (float)c->beta3, (float)(1 - c->beta3),
        (float)c->alpha, (float)(1 / (1 - pow(c->beta1, (double)p->step))), (float)(1 / sqrt(1 - pow(c->beta2, (double)p->step))),
        (float)c->eps, (float)c->lr, (float)c->weight_decay
    };
    return 0;
}

HONE_WIDE static void step(int64_t n, float *restrict x, const float *restrict g, float *restrict m, float *restrict slow,
                           float *restrict v, struct derived d)
{
    for (int64_t i = 0; i < n; i++) {
        m[i] = d.b1 * m[i] + d.a1 * g[i];
        slow[i] = d.b3 * slow[i] + d.a3 * g[i];
        v[i] = d.b2 * v[i] + d.a2 * (g[i] * g[i]);
        x[i] -= d.lr * ((m[i] * d.first + d.alpha * slow[i]) / (sqrtf(v[i]) * d.root + d.eps) + d.decay * x[i]);
    }
}

static void update(const struct hone_span *s)
{
    step(s->n, s->param, s->grad, s->state[0], s->state[1], s->state[2], *(const struct derived *)s->derived);
}

static const struct hone_optimizer ademamix = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "ademamix", "Adam with a second, slow mean",
                      "Pagliardini et al., 2024. Settings and defaults as optax.contrib.ademamix.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .derived_size = sizeof(struct derived), .prepare = prepare, .update = update,
};

HONE_DEFINE_PLUGIN("ademamix", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &ademamix.item);
