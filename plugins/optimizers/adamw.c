/* Optimizer "adamw": Adam with weight decay apart from the gradient, Loshchilov & Hutter, 2019, "Decoupled weight decay
 * regularization". Every weight decays at every step, so that rows are not left alone as in adam. */
#include <math.h>
#include "hone/optimizer.h"
#include "hone/wide.h"

struct conf {
    double lr, beta1, beta2, eps, weight_decay;
    int64_t amsgrad;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.001, 0, 10, "learning rate"),
    HONE_ROW(struct conf, beta1, HONE_REAL, HONE_P_OPEN_MAX, 0.9, 0, 1, "decay of the mean of gradients"),
    HONE_ROW(struct conf, beta2, HONE_REAL, HONE_P_OPEN_MAX, 0.999, 0, 1, "decay of the mean of squared gradients"),
    HONE_ROW(struct conf, eps, HONE_REAL, HONE_P_OPEN_MIN, 1e-8, 0, 1, "added to the denominator"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0.01, 0, 1, "share of a weight that is taken off, times the learning rate"),
    HONE_ROW(struct conf, amsgrad, HONE_BOOL, HONE_P_STATE, 0, 0, 1, "divide by the largest mean of squares so far"),
};

static const struct hone_slot slots[] = {
    { .name = "m" },
    { .name = "v" },
    { .name = "v_max", .count_from = 6 }, /* one copy with amsgrad, else none */
};

struct derived {
    float b1, a1, b2, a2, step, root, eps; /* a = 1 - b; step = lr / (1 - beta1^t), root = 1 / sqrt(1 - beta2^t) */
};

static int prepare(const struct hone_prep *p, struct hone_err *err)
{
    const struct conf *c = p->conf;
    struct derived *d = p->derived;
    (void)err;
    d->b1 = (float)c->beta1;
    d->a1 = (float)(1 - c->beta1);
    d->b2 = (float)c->beta2;
    d->a2 = (float)(1 - c->beta2);
    d->step = (float)(c->lr / (1 - pow(c->beta1, (double)p->step)));
    d->root = (float)(1 / sqrt(1 - pow(c->beta2, (double)p->step)));
    d->eps = (float)c->eps;
    return 0;
}

HONE_WIDE static void plain(int64_t n, float *restrict x, const float *restrict g, float *restrict m, float *restrict v,
                            float keep, struct derived d)
{
    for (int64_t i = 0; i < n; i++) {
        m[i] = d.b1 * m[i] + d.a1 * g[i];
        v[i] = d.b2 * v[i] + d.a2 * (g[i] * g[i]);
        x[i] = keep * x[i] - d.step * m[i] / (sqrtf(v[i]) * d.root + d.eps);
    }
}

HONE_WIDE static void largest(int64_t n, float *restrict x, const float *restrict g, float *restrict m, float *restrict v,
                              float *restrict top, float keep, struct derived d)
{
    for (int64_t i = 0; i < n; i++) {
        m[i] = d.b1 * m[i] + d.a1 * g[i];
        v[i] = d.b2 * v[i] + d.a2 * (g[i] * g[i]);
        top[i] = top[i] > v[i] ? top[i] : v[i];
        x[i] = keep * x[i] - d.step * m[i] / (sqrtf(top[i]) * d.root + d.eps);
    }
}

static void update(const struct hone_span *s)
{
    const struct conf *c = s->conf;
    const struct derived *d = s->derived;
    float keep = (float)(1 - c->lr * c->weight_decay);
    if (c->amsgrad)
        largest(s->n, s->param, s->grad, s->state[0], s->state[1], s->state[2], keep, *d);
    else
        plain(s->n, s->param, s->grad, s->state[0], s->state[1], keep, *d);
}

static const struct hone_optimizer adamw = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "adamw", "adaptive moments, decoupled weight decay",
                      "Loshchilov & Hutter, 2019. Settings and defaults as torch.optim.AdamW.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .derived_size = sizeof(struct derived), .prepare = prepare, .update = update,
};

HONE_DEFINE_PLUGIN("adamw", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &adamw.item);
