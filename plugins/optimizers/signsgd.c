/* Optimizer "signsgd": Bernstein et al., 2018, "signSGD: compressed optimisation for non-convex problems". */
#include "hone/optimizer.h"
#include "hone/wide.h"

struct conf {
    double lr, weight_decay;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.001, 0, 10, "learning rate"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0, 0, 1, "share of a weight that is taken off, times the learning rate"),
};

HONE_WIDE static void step(int64_t n, float *restrict x, const float *restrict g, float lr, float decay)
{
    for (int64_t i = 0; i < n; i++)
        x[i] -= lr * ((g[i] > 0 ? 1.0f : g[i] < 0 ? -1.0f : 0.0f) + decay * x[i]);
}

static void update(const struct hone_span *s)
{
    const struct conf *c = s->conf;
    step(s->n, s->param, s->grad, (float)c->lr, (float)c->weight_decay);
}

static const struct hone_optimizer signsgd = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "signsgd", "the signs of gradients",
                      "Bernstein et al., 2018. Settings and defaults as optax.sign_sgd.", params, struct conf, 0, NULL),
    .slot_size = sizeof(struct hone_slot), .state_version = 1,
    .update = update,
};

HONE_DEFINE_PLUGIN("signsgd", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &signsgd.item);
