/* Optimizer "adam": Kingma & Ba, 2015, "Adam: a method for stochastic optimization", with the AMSGrad variant of Reddi
 * et al., 2018. Rows that a batch did not touch keep their moments as they are (lazy). */
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
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0, 0, 1, "L2 penalty, added to the gradient"),
    HONE_ROW(struct conf, amsgrad, HONE_BOOL, HONE_P_STATE, 0, 0, 1, "divide by the largest mean of squares so far"),
};

static const struct hone_slot slots[] = {
    { .name = "m" },
    { .name = "v" },
    { .name = "v_max", .count_from = 6 }, /* one copy with amsgrad, else none */
};

struct derived {
    float b1, a1, b2, a2, step, root, eps, decay; /* a = 1 - b; step = lr / (1 - beta1^t), root = 1 / sqrt(1 - beta2^t) */
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
                            struct derived d)
{
    for (int64_t i = 0; i < n; i++) {
        m[i] = d.b1 * m[i] + d.a1 * g[i];
        v[i] = d.b2 * v[i] + d.a2 * (g[i] * g[i]);
        x[i] -= d.step * m[i] / (sqrtf(v[i]) * d.root + d.eps);
    }
}

HONE_WIDE static void general(int64_t n, float *restrict x, const float *restrict g, float *restrict m, float *restrict v,
                              float *restrict top, float decay, struct derived d)
{
    for (int64_t i = 0; i < n; i++) {
        float gi = g[i] + decay * x[i];
        m[i] = d.b1 * m[i] + d.a1 * gi;
        v[i] = d.b2 * v[i] + d.a2 * (gi * gi);
        top[i] = top[i] > v[i] ? top[i] : v[i];
        x[i] -= d.step * m[i] / (sqrtf(top[i]) * d.root + d.eps);
    }
}

HONE_WIDE static void decayed(int64_t n, float *restrict x, const float *restrict g, float *restrict m, float *restrict v,
                              float decay, struct derived d)
{
    for (int64_t i = 0; i < n; i++) {
        float gi = g[i] + decay * x[i];
        m[i] = d.b1 * m[i] + d.a1 * gi;
        v[i] = d.b2 * v[i] + d.a2 * (gi * gi);
        x[i] -= d.step * m[i] / (sqrtf(v[i]) * d.root + d.eps);
    }
}

static void update(const struct hone_span *s)
{
    const struct conf *c = s->conf;
    const struct derived *d = s->derived;
    if (c->amsgrad)
        general(s->n, s->param, s->grad, s->state[0], s->state[1], s->state[2], (float)c->weight_decay, *d);
    else if (c->weight_decay > 0)
        decayed(s->n, s->param, s->grad, s->state[0], s->state[1], (float)c->weight_decay, *d);
    else
        plain(s->n, s->param, s->grad, s->state[0], s->state[1], *d);
}

static const struct hone_optimizer adam = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "adam", "adaptive moments",
                      "Kingma & Ba, 2015. Settings and defaults as torch.optim.Adam. Sparse rows are updated when touched.",
                      params, struct conf, HONE_OPT_SPARSE, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .derived_size = sizeof(struct derived), .prepare = prepare, .update = update,
};

HONE_DEFINE_PLUGIN("adam", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &adam.item);
