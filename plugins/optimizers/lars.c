/* Optimizer "lars": You et al., 2017, "Large batch training of convolutional networks". */
#include <math.h>
#include "hone/optimizer.h"
#include "hone/wide.h"

struct conf {
    double lr, weight_decay, trust_coefficient, eps, momentum;
    int64_t nesterov;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.1, 0, 10, "learning rate"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0, 0, 1, "L2 penalty, added to the gradient"),
    HONE_ROW(struct conf, trust_coefficient, HONE_REAL, HONE_P_OPEN_MIN, 0.001, 0, 10, "step as a share of the length of a tensor"),
    HONE_ROW(struct conf, eps, HONE_REAL, 0, 0, 0, 1, "added to the length of the gradient"),
    HONE_ROW(struct conf, momentum, HONE_REAL, HONE_P_OPEN_MAX, 0.9, 0, 1, "share of the last step that is kept"),
    HONE_ROW(struct conf, nesterov, HONE_BOOL, 0, 0, 0, 1, "look ahead along the momentum"),
};

static const struct hone_slot slots[] = {
    { .name = "momentum" },
};

/* Squared lengths of the tensor and of its gradient with decay. */
static void sum(const struct hone_span *s, double *sums)
{
    double decay = ((const struct conf *)s->conf)->weight_decay;
    for (int64_t i = 0; i < s->n; i++) {
        double x = (double)s->param[i], g = (double)s->grad[i] + decay * x;
        sums[0] += x * x;
        sums[1] += g * g;
    }
}

HONE_WIDE static void step(int64_t n, float *restrict x, const float *restrict g, float *restrict b, float rate, float decay, float momentum,
                           float look, float now)
{
    for (int64_t i = 0; i < n; i++) {
        float u = rate * (g[i] + decay * x[i]);
        b[i] = momentum * b[i] + u;
        x[i] -= look * b[i] + now * u;
    }
}

static void update(const struct hone_span *s)
{
    const struct conf *c = s->conf;
    double length = sqrt(s->sums[0]), gradient = sqrt(s->sums[1]);
    double trust = length > 0 && gradient > 0 ? c->trust_coefficient * length / (gradient + c->eps) : 1;
    step(s->n, s->param, s->grad, s->state[0], (float)(c->lr * trust), (float)c->weight_decay, (float)c->momentum,
         c->nesterov ? (float)c->momentum : 1, c->nesterov ? 1 : 0);
}

static const struct hone_optimizer lars = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "lars", "steps as long as tensors are",
                      "You et al., 2017. Settings and defaults as optax.lars; lr, which has none there, is 0.1.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .n_sums = 2, .sum_scope = HONE_SUM_TENSOR, .sum = sum, .update = update,
};

HONE_DEFINE_PLUGIN("lars", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &lars.item);
