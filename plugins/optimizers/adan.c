/* Optimizer "adan": Xie et al., 2022, "Adan: adaptive Nesterov momentum algorithm for faster optimizing deep models". */
#include <math.h>
#include "hone/optimizer.h"
#include "hone/wide.h"

struct conf {
    double lr, beta1, beta2, beta3, eps, eps_root, weight_decay;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.001, 0, 10, "learning rate"),
    HONE_ROW(struct conf, beta1, HONE_REAL, HONE_P_OPEN_MAX, 0.98, 0, 1, "decay of the mean of gradients"),
    HONE_ROW(struct conf, beta2, HONE_REAL, HONE_P_OPEN_MAX, 0.92, 0, 1, "decay of the mean of differences of gradients"),
    HONE_ROW(struct conf, beta3, HONE_REAL, HONE_P_OPEN_MAX, 0.99, 0, 1, "decay of the mean of squares"),
    HONE_ROW(struct conf, eps, HONE_REAL, 0, 1e-8, 0, 1, "added to the denominator"),
    HONE_ROW(struct conf, eps_root, HONE_REAL, 0, 1e-8, 0, 1, "added inside of the root"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0, 0, 1, "share of a weight that is taken off, times the learning rate"),
};

static const struct hone_slot slots[] = {
    { .name = "m" },
    { .name = "v" },
    { .name = "n" },
    { .name = "before" },
};

struct derived {
    float b1, a1, b2, a2, b3, a3, first, second, third, eps, eps_root, lr, decay, old; /* old: 0 in the first step, else 1 */
};

static int prepare(const struct hone_prep *p, struct hone_err *err)
{
    const struct conf *c = p->conf;
    double t = (double)p->step;
    (void)err;
    *(struct derived *)p->derived = (struct derived){
        (float)c->beta1, (float)(1 - c->beta1), (float)c->beta2, (float)(1 - c->beta2), (float)c->beta3, (float)(1 - c->beta3),
        (float)(1 / (1 - pow(c->beta1, t))), (float)(1 / (1 - pow(c->beta2, t))), (float)(1 / (1 - pow(c->beta3, t))),
        (float)c->eps, (float)c->eps_root, (float)c->lr, (float)c->weight_decay, p->step > 1 ? 1 : 0
    };
    return 0;
}

HONE_WIDE static void step(int64_t count, float *restrict x, const float *restrict g, float *restrict m, float *restrict v,
                           float *restrict n, float *restrict before, struct derived d)
{
    for (int64_t i = 0; i < count; i++) {
        float diff = d.old * (g[i] - before[i]), ahead = g[i] + d.a2 * diff;
        m[i] = d.b1 * m[i] + d.a1 * g[i];
        v[i] = d.b2 * v[i] + d.a2 * diff;
        n[i] = d.b3 * n[i] + d.a3 * (ahead * ahead);
        before[i] = g[i];
        float u = (m[i] * d.first + d.a2 * (v[i] * d.second)) / (sqrtf(n[i] * d.third + d.eps_root) + d.eps);
        x[i] -= d.lr * (u + d.decay * x[i]);
    }
}

static void update(const struct hone_span *s)
{
    step(s->n, s->param, s->grad, s->state[0], s->state[1], s->state[2], s->state[3], *(const struct derived *)s->derived);
}

static const struct hone_optimizer adan = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "adan", "adaptive Nesterov momentum",
                      "Xie et al., 2022. Settings and defaults as optax.adan.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .derived_size = sizeof(struct derived), .prepare = prepare, .update = update,
};

HONE_DEFINE_PLUGIN("adan", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &adan.item);
