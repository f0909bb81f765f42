/* Optimizer "fromage": Bernstein et al., 2020, "On the distance between two neural networks and the stability of learning". */
#include <math.h>
#include "hone/optimizer.h"

struct conf {
    double lr, min_norm;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.01, 0, 10, "learning rate"),
    HONE_ROW(struct conf, min_norm, HONE_REAL, HONE_P_OPEN_MIN, 1e-6, 0, 1, "least length of tensors and gradients"),
};

static void sum(const struct hone_span *s, double *sums)
{
    for (int64_t i = 0; i < s->n; i++) {
        sums[0] += (double)s->param[i] * (double)s->param[i];
        sums[1] += (double)s->grad[i] * (double)s->grad[i];
    }
}

static void update(const struct hone_span *s)
{
    const struct conf *c = s->conf;
    double ratio = fmax(sqrt(s->sums[0]), c->min_norm) / fmax(sqrt(s->sums[1]), c->min_norm), shrink = 1 / sqrt(1 + c->lr * c->lr);
    float keep = (float)shrink, rate = (float)(c->lr * shrink * ratio);
    for (int64_t i = 0; i < s->n; i++)
        s->param[i] = keep * s->param[i] - rate * s->grad[i];
}

static const struct hone_optimizer fromage = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "fromage", "relative steps that keep lengths",
                      "Bernstein et al., 2020. Settings and defaults as optax.fromage; lr, which has none there, is 0.01.", params, struct conf, 0, NULL),
    .slot_size = sizeof(struct hone_slot), .state_version = 1,
    .n_sums = 2, .sum_scope = HONE_SUM_TENSOR, .sum = sum, .update = update,
};

HONE_DEFINE_PLUGIN("fromage", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &fromage.item);
