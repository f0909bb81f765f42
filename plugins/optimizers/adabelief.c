/* Optimizer "adabelief": Zhuang et al., 2020, "AdaBelief optimizer: adapting stepsizes by the belief in observed gradients". */
#include <math.h>
#include "hone/optimizer.h"
#include "hone/wide.h"

struct conf {
    double lr, beta1, beta2, eps, eps_root, weight_decay;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.001, 0, 10, "learning rate"),
    HONE_ROW(struct conf, beta1, HONE_REAL, HONE_P_OPEN_MAX, 0.9, 0, 1, "decay of the mean of gradients"),
    HONE_ROW(struct conf, beta2, HONE_REAL, HONE_P_OPEN_MAX, 0.999, 0, 1, "decay of the mean of squared surprises"),
    HONE_ROW(struct conf, eps, HONE_REAL, 0, 1e-16, 0, 1, "added to the denominator"),
    HONE_ROW(struct conf, eps_root, HONE_REAL, 0, 1e-16, 0, 1, "added to the mean of squares in each step"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0, 0, 1, "share of a weight that is taken off, times the learning rate"),
};

static const struct hone_slot slots[] = {
    { .name = "m" },
    { .name = "s" },
};

struct derived {
    float b1, a1, b2, a2, first, second, eps, eps_root, lr, decay;
};

static int prepare(const struct hone_prep *p, struct hone_err *err)
{
    const struct conf *c = p->conf;
    (void)err;
    *(struct derived *)p->derived = (struct derived){
        (float)c->beta1, (float)(1 - c->beta1), (float)c->beta2, (float)(1 - c->beta2), (float)(1 / (1 - pow(c->beta1, (double)p->step))),
        (float)(1 / (1 - pow(c->beta2, (double)p->step))), (float)c->eps, (float)c->eps_root, (float)c->lr, (float)c->weight_decay
    };
    return 0;
}

HONE_WIDE static void step(int64_t n, float *restrict x, const float *restrict g, float *restrict m, float *restrict v, struct derived d)
{
    for (int64_t i = 0; i < n; i++) {
        m[i] = d.b1 * m[i] + d.a1 * g[i];
        float e = g[i] - m[i];
        v[i] = d.b2 * v[i] + d.a2 * (e * e) + d.eps_root;
        x[i] -= d.lr * (m[i] * d.first / (sqrtf(v[i] * d.second) + d.eps) + d.decay * x[i]);
    }
}

static void update(const struct hone_span *s)
{
    step(s->n, s->param, s->grad, s->state[0], s->state[1], *(const struct derived *)s->derived);
}

static const struct hone_optimizer adabelief = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "adabelief", "Adam by how much gradients surprise",
                      "Zhuang et al., 2020. Settings and defaults as optax.adabelief.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .derived_size = sizeof(struct derived), .prepare = prepare, .update = update,
};

HONE_DEFINE_PLUGIN("adabelief", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &adabelief.item);
