/* Optimizer "radam": Liu et al., 2020, "On the variance of the adaptive learning rate and beyond". */
#include <math.h>
#include "hone/optimizer.h"
#include "hone/wide.h"

struct conf {
    double lr, beta1, beta2, eps, weight_decay;
    int64_t decoupled_weight_decay;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.001, 0, 10, "learning rate"),
    HONE_ROW(struct conf, beta1, HONE_REAL, HONE_P_OPEN_MAX, 0.9, 0, 1, "decay of the mean of gradients"),
    HONE_ROW(struct conf, beta2, HONE_REAL, HONE_P_OPEN_MAX, 0.999, 0, 1, "decay of the mean of squared gradients"),
    HONE_ROW(struct conf, eps, HONE_REAL, 0, 1e-8, 0, 1, "added to the denominator"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0, 0, 1, "L2 penalty, added to the gradient"),
    HONE_ROW(struct conf, decoupled_weight_decay, HONE_BOOL, 0, 0, 0, 1, "weight decay apart from the gradient, as in adamw"),
};

static const struct hone_slot slots[] = {
    { .name = "m" },
    { .name = "v" },
};

struct derived {
    float b1, a1, b2, a2, eps, plain, adaptive, decay, keep; /* one of plain and adaptive is 0 */
};

static int prepare(const struct hone_prep *p, struct hone_err *err)
{
    const struct conf *c = p->conf;
    double t = (double)p->step, b2t = pow(c->beta2, t), most = 2 / (1 - c->beta2) - 1, rho = most - 2 * t * b2t / (1 - b2t),
           rate = c->lr / (1 - pow(c->beta1, t)), adaptive = 0;
    (void)err;
    if (rho > 5)
        adaptive = rate * sqrt((rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho)) * sqrt(1 - b2t);
    *(struct derived *)p->derived = (struct derived){
        (float)c->beta1, (float)(1 - c->beta1), (float)c->beta2, (float)(1 - c->beta2), (float)c->eps,
        adaptive > 0 ? 0 : (float)rate, (float)adaptive, c->decoupled_weight_decay ? 0 : (float)c->weight_decay,
        c->decoupled_weight_decay ? (float)(1 - c->lr * c->weight_decay) : 1
    };
    return 0;
}

HONE_WIDE static void step(int64_t n, float *restrict x, const float *restrict g, float *restrict m, float *restrict v, struct derived d)
{
    for (int64_t i = 0; i < n; i++) {
        float gi = g[i] + d.decay * x[i];
        m[i] = d.b1 * m[i] + d.a1 * gi;
        v[i] = d.b2 * v[i] + d.a2 * (gi * gi);
        float by_root = d.adaptive > 0 ? d.adaptive * m[i] / (sqrtf(v[i]) + d.eps) : 0;
        x[i] = d.keep * x[i] - d.plain * m[i] - by_root;
    }
}

static void update(const struct hone_span *s)
{
    step(s->n, s->param, s->grad, s->state[0], s->state[1], *(const struct derived *)s->derived);
}

static const struct hone_optimizer radam = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "radam", "Adam whose first steps are rectified",
                      "Liu et al., 2020. Settings and defaults as torch.optim.RAdam.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .derived_size = sizeof(struct derived), .prepare = prepare, .update = update,
};

HONE_DEFINE_PLUGIN("radam", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &radam.item);
