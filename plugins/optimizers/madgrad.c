/* Optimizer "madgrad": Defazio & Jelassi, 2022, "A momentumized, adaptive, dual averaged gradient method". */
#include <math.h>
#include "hone/optimizer.h"

struct conf {
    double lr, momentum, weight_decay, eps;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.01, 0, 10, "learning rate"),
    HONE_ROW(struct conf, momentum, HONE_REAL, HONE_P_OPEN_MAX, 0.9, 0, 1, "share of the last weights that is kept"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0, 0, 1, "L2 penalty, added to the gradient"),
    HONE_ROW(struct conf, eps, HONE_REAL, 0, 1e-6, 0, 1, "added to the denominator"),
};

static const struct hone_slot slots[] = {
    { .name = "square" },
    { .name = "s" },
    { .name = "start", .flags = HONE_SLOT_FROM_PARAM },
};

static void update(const struct hone_span *s)
{
    const struct conf *c = s->conf;
    float *square = s->state[0], *sum = s->state[1];
    const float *start = s->state[2];
    double lambda = (c->lr + c->eps) * sqrt((double)s->step);
    for (int64_t i = 0; i < s->n; i++) {
        double x = (double)s->param[i], g = (double)s->grad[i] + c->weight_decay * x;
        square[i] = (float)((double)square[i] + lambda * g * g);
        sum[i] = (float)((double)sum[i] + lambda * g);
        double z = (double)start[i] - (double)sum[i] / (cbrt((double)square[i]) + c->eps);
        s->param[i] = (float)((1 - c->momentum) * z + c->momentum * x);
    }
}

static const struct hone_optimizer madgrad = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "madgrad", "dual averaging by cube roots",
                      "Defazio & Jelassi, 2022. Settings and defaults as optax.contrib.madgrad.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .update = update,
};

HONE_DEFINE_PLUGIN("madgrad", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &madgrad.item);
