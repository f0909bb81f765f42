/* Optimizer "adamax": Kingma & Ba, 2015, "Adam", section 7.1: the infinity norm instead of squares. */
#include <math.h>
#include "hone/optimizer.h"
#include "hone/wide.h"

struct conf {
    double lr, beta1, beta2, eps, weight_decay;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.002, 0, 10, "learning rate"),
    HONE_ROW(struct conf, beta1, HONE_REAL, HONE_P_OPEN_MAX, 0.9, 0, 1, "decay of the mean of gradients"),
    HONE_ROW(struct conf, beta2, HONE_REAL, HONE_P_OPEN_MAX, 0.999, 0, 1, "decay of the greatest gradient"),
    HONE_ROW(struct conf, eps, HONE_REAL, 0, 1e-8, 0, 1, "added to the denominator"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0, 0, 1, "L2 penalty, added to the gradient"),
};

static const struct hone_slot slots[] = {
    { .name = "m" },
    { .name = "u" },
};

struct derived {
    float b1, a1, b2, rate, eps, decay;
};

static int prepare(const struct hone_prep *p, struct hone_err *err)
{
    const struct conf *c = p->conf;
    (void)err;
    *(struct derived *)p->derived = (struct derived){ (float)c->beta1, (float)(1 - c->beta1), (float)c->beta2,
                                                      (float)(c->lr / (1 - pow(c->beta1, (double)p->step))), (float)c->eps,
                                                      (float)c->weight_decay };
    return 0;
}

HONE_WIDE static void step(int64_t n, float *restrict x, const float *restrict g, float *restrict m, float *restrict u, struct derived d)
{
    for (int64_t i = 0; i < n; i++) {
        float gi = g[i] + d.decay * x[i], old = d.b2 * u[i], new = fabsf(gi) + d.eps;
        m[i] = d.b1 * m[i] + d.a1 * gi;
        u[i] = old > new ? old : new;
        x[i] -= d.rate * m[i] / u[i];
    }
}

static void update(const struct hone_span *s)
{
    step(s->n, s->param, s->grad, s->state[0], s->state[1], *(const struct derived *)s->derived);
}

static const struct hone_optimizer adamax = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "adamax", "Adam by the greatest gradient",
                      "Kingma & Ba, 2015. Settings and defaults as torch.optim.Adamax.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .derived_size = sizeof(struct derived), .prepare = prepare, .update = update,
};

HONE_DEFINE_PLUGIN("adamax", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &adamax.item);
