/* Optimizer "nadam": Dozat, 2016, "Incorporating Nesterov momentum into Adam". */
#include <math.h>
#include "hone/optimizer.h"
#include "hone/wide.h"

struct conf {
    double lr, beta1, beta2, eps, weight_decay, momentum_decay;
    int64_t decoupled_weight_decay;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.002, 0, 10, "learning rate"),
    HONE_ROW(struct conf, beta1, HONE_REAL, HONE_P_OPEN_MAX, 0.9, 0, 1, "decay of the mean of gradients"),
    HONE_ROW(struct conf, beta2, HONE_REAL, HONE_P_OPEN_MAX, 0.999, 0, 1, "decay of the mean of squared gradients"),
    HONE_ROW(struct conf, eps, HONE_REAL, 0, 1e-8, 0, 1, "added to the denominator"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0, 0, 1, "L2 penalty, added to the gradient"),
    HONE_ROW(struct conf, momentum_decay, HONE_REAL, 0, 0.004, 0, 1, "how fast the momentum rises to beta1"),
    HONE_ROW(struct conf, decoupled_weight_decay, HONE_BOOL, 0, 0, 0, 1, "weight decay apart from the gradient, as in adamw"),
};

static const struct hone_slot slots[] = {
    { .name = "m" },
    { .name = "v" },
};

struct derived {
    double product; /* of the momenta so far */
    float b1, a1, b2, a2, root, eps, now, next, decay, keep; /* now, next: rates of the gradient and of the mean */
};

static int prepare(const struct hone_prep *p, struct hone_err *err)
{
    const struct conf *c = p->conf;
    struct derived *d = p->derived;
    double t = (double)p->step, mu = c->beta1 * (1 - 0.5 * pow(0.96, t * c->momentum_decay)),
           mu_next = c->beta1 * (1 - 0.5 * pow(0.96, (t + 1) * c->momentum_decay)), product = (p->step == 1 ? 1 : d->product) * mu;
    (void)err;
    *d = (struct derived){ product, (float)c->beta1, (float)(1 - c->beta1), (float)c->beta2, (float)(1 - c->beta2),
                           (float)(1 / sqrt(1 - pow(c->beta2, t))), (float)c->eps, (float)(c->lr * (1 - mu) / (1 - product)),
                           (float)(c->lr * mu_next / (1 - product * mu_next)),
                           c->decoupled_weight_decay ? 0 : (float)c->weight_decay,
                           c->decoupled_weight_decay ? (float)(1 - c->lr * c->weight_decay) : 1 };
    return 0;
}

HONE_WIDE static void step(int64_t n, float *restrict x, const float *restrict g, float *restrict m, float *restrict v, struct derived d)
{
    for (int64_t i = 0; i < n; i++) {
        float gi = g[i] + d.decay * x[i];
        m[i] = d.b1 * m[i] + d.a1 * gi;
        v[i] = d.b2 * v[i] + d.a2 * (gi * gi);
        x[i] = d.keep * x[i] - (d.now * gi + d.next * m[i]) / (sqrtf(v[i]) * d.root + d.eps);
    }
}

static void update(const struct hone_span *s)
{
    step(s->n, s->param, s->grad, s->state[0], s->state[1], *(const struct derived *)s->derived);
}

static const struct hone_optimizer nadam = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "nadam", "Adam with Nesterov momentum",
                      "Dozat, 2016. Settings and defaults as torch.optim.NAdam.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .derived_size = sizeof(struct derived), .prepare = prepare, .update = update,
};

HONE_DEFINE_PLUGIN("nadam", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &nadam.item);
