/* Optimizer "lion": Chen et al., 2023, "Symbolic discovery of optimization algorithms". */
#include "hone/optimizer.h"
#include "hone/wide.h"

struct conf {
    double lr, beta1, beta2, weight_decay;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.001, 0, 10, "learning rate"),
    HONE_ROW(struct conf, beta1, HONE_REAL, HONE_P_OPEN_MAX, 0.9, 0, 1, "share of the mean in the direction"),
    HONE_ROW(struct conf, beta2, HONE_REAL, HONE_P_OPEN_MAX, 0.99, 0, 1, "decay of the mean of gradients"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0.001, 0, 1, "share of a weight that is taken off, times the learning rate"),
};

static const struct hone_slot slots[] = {
    { .name = "m" },
};

HONE_WIDE static void step(int64_t n, float *restrict x, const float *restrict g, float *restrict m, float lr, float b1, float a1, float b2,
                           float a2, float decay)
{
    for (int64_t i = 0; i < n; i++) {
        float u = b1 * m[i] + a1 * g[i];
        m[i] = b2 * m[i] + a2 * g[i];
        x[i] -= lr * ((u > 0 ? 1.0f : u < 0 ? -1.0f : 0.0f) + decay * x[i]);
    }
}

static void update(const struct hone_span *s)
{
    const struct conf *c = s->conf;
    step(s->n, s->param, s->grad, s->state[0], (float)c->lr, (float)c->beta1, (float)(1 - c->beta1), (float)c->beta2,
         (float)(1 - c->beta2), (float)c->weight_decay);
}

static const struct hone_optimizer lion = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "lion", "the sign of a mean of gradients",
                      "Chen et al., 2023. Settings and defaults as optax.lion.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .update = update,
};

HONE_DEFINE_PLUGIN("lion", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &lion.item);
