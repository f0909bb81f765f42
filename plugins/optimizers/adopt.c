/* Optimizer "adopt": Taniguchi et al., 2024, "ADOPT: modified Adam can converge with any beta2 with the optimal rate". */
#include <math.h>
#include "hone/optimizer.h"
#include "hone/wide.h"

struct conf {
    double lr, beta1, beta2, eps, weight_decay;
    int64_t use_clipping;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.001, 0, 10, "learning rate"),
    HONE_ROW(struct conf, beta1, HONE_REAL, HONE_P_OPEN_MAX, 0.9, 0, 1, "decay of the mean of gradients"),
    HONE_ROW(struct conf, beta2, HONE_REAL, HONE_P_OPEN_MAX, 0.9999, 0, 1, "decay of the mean of squared gradients"),
    HONE_ROW(struct conf, eps, HONE_REAL, HONE_P_OPEN_MIN, 1e-6, 0, 1, "least denominator"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0, 0, 1, "share of a weight that is taken off, times the learning rate"),
    HONE_ROW(struct conf, use_clipping, HONE_BOOL, 0, 1, 0, 1, "bound the scaled gradient by the fourth root of the steps before"),
};

static const struct hone_slot slots[] = {
    { .name = "m" },
    { .name = "v" },
};

struct derived {
    float b1, a1, b2, a2, eps, bound, lr, decay;
};

/* The first step only fills v. */
static int prepare(const struct hone_prep *p, struct hone_err *err)
{
    const struct conf *c = p->conf;
    int first = p->step == 1;
    (void)err;
    *(struct derived *)p->derived = (struct derived){
        first ? 1 : (float)c->beta1, first ? 0 : (float)(1 - c->beta1), first ? 0 : (float)c->beta2, first ? 1 : (float)(1 - c->beta2),
        (float)c->eps, c->use_clipping ? (float)pow((double)(p->step - 1), 0.25) : INFINITY, (float)c->lr, (float)c->weight_decay
    };
    return 0;
}

HONE_WIDE static void step(int64_t n, float *restrict x, const float *restrict g, float *restrict m, float *restrict v, struct derived d)
{
    for (int64_t i = 0; i < n; i++) {
        float root = sqrtf(v[i]), u = g[i] / (root > d.eps ? root : d.eps);
        u = u > d.bound ? d.bound : u < -d.bound ? -d.bound : u;
        m[i] = d.b1 * m[i] + d.a1 * u;
        v[i] = d.b2 * v[i] + d.a2 * (g[i] * g[i]);
        x[i] -= d.lr * (m[i] + d.decay * x[i]);
    }
}

static void update(const struct hone_span *s)
{
    step(s->n, s->param, s->grad, s->state[0], s->state[1], *(const struct derived *)s->derived);
}

static const struct hone_optimizer adopt = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "adopt", "Adam that divides by the past",
                      "Taniguchi et al., 2024. Settings and defaults as optax.contrib.adopt.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .derived_size = sizeof(struct derived), .prepare = prepare, .update = update,
};

HONE_DEFINE_PLUGIN("adopt", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &adopt.item);
