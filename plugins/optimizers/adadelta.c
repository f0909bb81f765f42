/* Optimizer "adadelta": Zeiler, 2012, "ADADELTA: an adaptive learning rate method". */
#include <math.h>
#include "hone/optimizer.h"
#include "hone/wide.h"

struct conf {
    double lr, rho, eps, weight_decay;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 1, 0, 10, "learning rate"),
    HONE_ROW(struct conf, rho, HONE_REAL, HONE_P_OPEN_MAX, 0.9, 0, 1, "decay of the means of squares"),
    HONE_ROW(struct conf, eps, HONE_REAL, HONE_P_OPEN_MIN, 1e-6, 0, 1, "added inside of both roots"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0, 0, 1, "L2 penalty, added to the gradient"),
};

static const struct hone_slot slots[] = {
    { .name = "square" },
    { .name = "moved" },
};

HONE_WIDE static void step(int64_t n, float *restrict x, const float *restrict g, float *restrict square, float *restrict moved, float lr,
                           float rho, float rest, float eps, float decay)
{
    for (int64_t i = 0; i < n; i++) {
        float gi = g[i] + decay * x[i];
        square[i] = rho * square[i] + rest * (gi * gi);
        float delta = sqrtf(moved[i] + eps) / sqrtf(square[i] + eps) * gi;
        moved[i] = rho * moved[i] + rest * (delta * delta);
        x[i] -= lr * delta;
    }
}

static void update(const struct hone_span *s)
{
    const struct conf *c = s->conf;
    step(s->n, s->param, s->grad, s->state[0], s->state[1], (float)c->lr, (float)c->rho, (float)(1 - c->rho), (float)c->eps,
         (float)c->weight_decay);
}

static const struct hone_optimizer adadelta = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "adadelta", "rates from past gradients and past steps",
                      "Zeiler, 2012. Settings and defaults as torch.optim.Adadelta.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .update = update,
};

HONE_DEFINE_PLUGIN("adadelta", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &adadelta.item);
