/* Optimizer "rmsprop": Tieleman & Hinton, 2012, lecture 6.5 of "Neural networks for machine learning"; centered as in Graves,
 * 2013, "Generating sequences with recurrent neural networks". */
#include <math.h>
#include "hone/optimizer.h"
#include "hone/wide.h"

struct conf {
    double lr, alpha, eps, weight_decay, momentum;
    int64_t centered;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.01, 0, 10, "learning rate"),
    HONE_ROW(struct conf, alpha, HONE_REAL, HONE_P_OPEN_MAX, 0.99, 0, 1, "decay of the mean of squared gradients"),
    HONE_ROW(struct conf, eps, HONE_REAL, 0, 1e-8, 0, 1, "added to the denominator"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0, 0, 1, "L2 penalty, added to the gradient"),
    HONE_ROW(struct conf, momentum, HONE_REAL, HONE_P_OPEN_MAX, 0, 0, 1, "share of the last step that is kept"),
    HONE_ROW(struct conf, centered, HONE_BOOL, HONE_P_STATE, 0, 0, 1, "divide by the deviation instead of the root of squares"),
};

static const struct hone_slot slots[] = {
    { .name = "square" },
    { .name = "momentum" },
    { .name = "mean", .count_from = 6 },
};

HONE_WIDE static void plain(int64_t n, float *restrict x, const float *restrict g, float *restrict v, float lr, float alpha, float rest,
                            float eps, float decay)
{
    for (int64_t i = 0; i < n; i++) {
        float gi = g[i] + decay * x[i];
        v[i] = alpha * v[i] + rest * (gi * gi);
        x[i] -= lr * gi / (sqrtf(v[i]) + eps);
    }
}

HONE_WIDE static void heavy(int64_t n, float *restrict x, const float *restrict g, float *restrict v, float *restrict b, float lr,
                            float alpha, float rest, float eps, float decay, float momentum)
{
    for (int64_t i = 0; i < n; i++) {
        float gi = g[i] + decay * x[i];
        v[i] = alpha * v[i] + rest * (gi * gi);
        b[i] = momentum * b[i] + gi / (sqrtf(v[i]) + eps);
        x[i] -= lr * b[i];
    }
}

/* Rounding may bring the variance below 0, where there is no root. */
HONE_WIDE static void centered(int64_t n, float *restrict x, const float *restrict g, float *restrict v, float *restrict b,
                               float *restrict mean, float lr, float alpha, float rest, float eps, float decay, float momentum)
{
    for (int64_t i = 0; i < n; i++) {
        float gi = g[i] + decay * x[i];
        v[i] = alpha * v[i] + rest * (gi * gi);
        mean[i] = alpha * mean[i] + rest * gi;
        float variance = v[i] - mean[i] * mean[i];
        b[i] = momentum * b[i] + gi / (sqrtf(variance > 0 ? variance : 0) + eps);
        x[i] -= lr * b[i];
    }
}

static void update(const struct hone_span *s)
{
    const struct conf *c = s->conf;
    float lr = (float)c->lr, alpha = (float)c->alpha, rest = (float)(1 - c->alpha), eps = (float)c->eps, decay = (float)c->weight_decay;
    if (c->centered)
        centered(s->n, s->param, s->grad, s->state[0], s->state[1], s->state[2], lr, alpha, rest, eps, decay, (float)c->momentum);
    else if (c->momentum > 0)
        heavy(s->n, s->param, s->grad, s->state[0], s->state[1], lr, alpha, rest, eps, decay, (float)c->momentum);
    else
        plain(s->n, s->param, s->grad, s->state[0], lr, alpha, rest, eps, decay);
}

static const struct hone_optimizer rmsprop = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "rmsprop", "gradients divided by their size",
                      "Tieleman & Hinton, 2012. Settings and defaults as torch.optim.RMSprop.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .update = update,
};

HONE_DEFINE_PLUGIN("rmsprop", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &rmsprop.item);
