/* Optimizer "signum": Bernstein et al., 2018, "signSGD: compressed optimisation for non-convex problems", with momentum. */
#include "hone/optimizer.h"
#include "hone/wide.h"

struct conf {
    double lr, beta, weight_decay;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.001, 0, 10, "learning rate"),
    HONE_ROW(struct conf, beta, HONE_REAL, HONE_P_OPEN_MAX, 0.9, 0, 1, "decay of the mean of gradients"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0, 0, 1, "share of a weight that is taken off, times the learning rate"),
};

static const struct hone_slot slots[] = {
    { .name = "m" },
};

HONE_WIDE static void step(int64_t n, float *restrict x, const float *restrict g, float *restrict m, float lr, float b, float a, float decay)
{
    for (int64_t i = 0; i < n; i++) {
        m[i] = b * m[i] + a * g[i];
        x[i] -= lr * ((m[i] > 0 ? 1.0f : m[i] < 0 ? -1.0f : 0.0f) + decay * x[i]);
    }
}

static void update(const struct hone_span *s)
{
    const struct conf *c = s->conf;
    step(s->n, s->param, s->grad, s->state[0], (float)c->lr, (float)c->beta, (float)(1 - c->beta), (float)c->weight_decay);
}

static const struct hone_optimizer signum = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "signum", "the sign of the mean of gradients",
                      "Bernstein et al., 2018. Settings and defaults as optax.signum.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .update = update,
};

HONE_DEFINE_PLUGIN("signum", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &signum.item);
