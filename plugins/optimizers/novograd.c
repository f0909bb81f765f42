/* Optimizer "novograd": Ginsburg et al., 2019, "Stochastic gradient methods with layer-wise adaptive moments for training of deep
 * networks". */
#include <math.h>
#include "hone/optimizer.h"
#include "hone/wide.h"

struct conf {
    double lr, beta1, beta2, eps, eps_root, weight_decay;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.001, 0, 10, "learning rate"),
    HONE_ROW(struct conf, beta1, HONE_REAL, HONE_P_OPEN_MAX, 0.9, 0, 1, "decay of the sum of scaled gradients"),
    HONE_ROW(struct conf, beta2, HONE_REAL, HONE_P_OPEN_MAX, 0.25, 0, 1, "decay of the mean of squared lengths"),
    HONE_ROW(struct conf, eps, HONE_REAL, 0, 1e-6, 0, 1, "added to the denominator"),
    HONE_ROW(struct conf, eps_root, HONE_REAL, 0, 0, 0, 1, "added inside of the root"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0, 0, 1, "share of the weights in the direction"),
};

static const struct hone_slot slots[] = {
    { .name = "m" },
    { .name = "v", .dtype = HONE_F64, .extent = HONE_PER_TENSOR },
};

static void sum(const struct hone_span *s, double *sums)
{
    for (int64_t i = 0; i < s->n; i++)
        sums[0] += (double)s->grad[i] * (double)s->grad[i];
}

/* The total becomes what gradients are multiplied by. */
static int settle(const struct hone_prep *p, double *sums, struct hone_err *err)
{
    const struct conf *c = p->conf;
    double *v = p->state[1];
    (void)err;
    *v = p->step == 1 ? sums[0] : c->beta2 * *v + (1 - c->beta2) * sums[0];
    double root = sqrt(*v + c->eps_root) + c->eps;
    sums[0] = root > 0 ? 1 / root : 0;
    return 0;
}

HONE_WIDE static void step(int64_t n, float *restrict x, const float *restrict g, float *restrict m, float lr, float keep, float scale,
                           float decay)
{
    for (int64_t i = 0; i < n; i++) {
        m[i] = keep * m[i] + (scale * g[i] + decay * x[i]);
        x[i] -= lr * m[i];
    }
}

static void update(const struct hone_span *s)
{
    const struct conf *c = s->conf;
    step(s->n, s->param, s->grad, s->state[0], (float)c->lr, s->step == 1 ? 0 : (float)c->beta1, (float)s->sums[0], (float)c->weight_decay);
}

static const struct hone_optimizer novograd = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "novograd", "gradients by the length of a tensor's",
                      "Ginsburg et al., 2019. Settings and defaults as optax.novograd.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .n_sums = 1, .sum_scope = HONE_SUM_TENSOR, .sum = sum, .settle = settle, .update = update,
};

HONE_DEFINE_PLUGIN("novograd", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &novograd.item);
