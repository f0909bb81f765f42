/* Optimizer "adagrad": Duchi, Hazan & Singer, 2011, "Adaptive subgradient methods for online learning and stochastic
 * optimization". Without weight decay an untouched row stays exactly as it is. */
#include <math.h>
#include "hone/optimizer.h"
#include "hone/wide.h"

struct conf {
    double lr, lr_decay, weight_decay, initial_accumulator_value, eps;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.01, 0, 10, "learning rate"),
    HONE_ROW(struct conf, lr_decay, HONE_REAL, 0, 0, 0, 1, "the rate is divided by 1 + lr_decay x (step - 1)"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0, 0, 1, "L2 penalty, added to the gradient"),
    HONE_ROW(struct conf, initial_accumulator_value, HONE_REAL, HONE_P_STATE, 0, 0, 1e6, "first value of the sum of squares"),
    HONE_ROW(struct conf, eps, HONE_REAL, 0, 1e-10, 0, 1, "added to the denominator"),
};

static const struct hone_slot slots[] = { { .name = "sum" } };

HONE_WIDE static void step(int64_t n, float *restrict x, const float *restrict g, float *restrict sum, float rate, float decay,
                           float first, float eps)
{
    for (int64_t i = 0; i < n; i++) {
        float d = g[i] + decay * x[i];
        sum[i] += d * d;
        x[i] -= rate * d / (sqrtf(first + sum[i]) + eps);
    }
}

static void update(const struct hone_span *s)
{
    const struct conf *c = s->conf;
    double rate = c->lr / (1 + (double)(s->step - 1) * c->lr_decay);
    step(s->n, s->param, s->grad, s->state[0], (float)rate, (float)c->weight_decay, (float)c->initial_accumulator_value,
         (float)c->eps);
}

static const struct hone_optimizer adagrad = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "adagrad", "rates that shrink with the squares seen",
                      "Duchi et al., 2011. Settings and defaults as torch.optim.Adagrad.", params, struct conf,
                      HONE_OPT_SPARSE, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1, .update = update,
};

HONE_DEFINE_PLUGIN("adagrad", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &adagrad.item);
