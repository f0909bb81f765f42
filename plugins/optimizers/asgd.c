/* Optimizer "asgd": Polyak & Juditsky, 1992, "Acceleration of stochastic approximation by averaging". The average is kept beside the
 * weights, as in PyTorch, and served with `serve_average`. */
#include <math.h>
#include "hone/optimizer.h"
#include "hone/wide.h"

struct conf {
    double lr, lambd, alpha, t0, weight_decay;
    int64_t serve_average;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.01, 0, 10, "learning rate"),
    HONE_ROW(struct conf, lambd, HONE_REAL, 0, 1e-4, 0, 1, "decay"),
    HONE_ROW(struct conf, alpha, HONE_REAL, 0, 0.75, 0, 2, "power by which the rate falls"),
    HONE_ROW(struct conf, t0, HONE_REAL, 0, 1e6, 0, 1e15, "step from which on weights are averaged"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0, 0, 1, "L2 penalty, added to the gradient"),
    HONE_ROW(struct conf, serve_average, HONE_BOOL, 0, 0, 0, 1, "evaluate and serve the average"),
};

static const struct hone_slot slots[] = {
    { .name = "ax" },
};

struct derived {
    double eta, mu; /* of the next step */
    float rate, keep, share;
};

static int prepare(const struct hone_prep *p, struct hone_err *err)
{
    const struct conf *c = p->conf;
    struct derived *d = p->derived;
    double t = (double)p->step, eta = p->step == 1 ? c->lr : d->eta, mu = p->step == 1 ? 1 : d->mu;
    (void)err;
    *d = (struct derived){ c->lr / pow(1 + c->lambd * c->lr * t, c->alpha), 1 / fmax(1, t - c->t0), (float)eta,
                           (float)(1 - c->lambd * eta), (float)mu };
    return 0;
}

HONE_WIDE static void step(int64_t n, float *restrict x, const float *restrict g, float *restrict ax, float decay, struct derived d)
{
    for (int64_t i = 0; i < n; i++) {
        float gi = g[i] + decay * x[i];
        x[i] = d.keep * x[i] - d.rate * gi;
        ax[i] = d.share == 1 ? x[i] : ax[i] + (x[i] - ax[i]) * d.share;
    }
}

static void update(const struct hone_span *s)
{
    step(s->n, s->param, s->grad, s->state[0], (float)((const struct conf *)s->conf)->weight_decay, *(const struct derived *)s->derived);
}

static void serve(const struct hone_span *s)
{
    const float *ax = s->state[0];
    for (int64_t i = 0; ((const struct conf *)s->conf)->serve_average && i < s->n; i++)
        s->param[i] = ax[i];
}

static const struct hone_optimizer asgd = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "asgd", "averaged gradient descent",
                      "Polyak & Juditsky, 1992. Settings and defaults as torch.optim.ASGD.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .derived_size = sizeof(struct derived), .prepare = prepare, .update = update, .serve = serve,
};

HONE_DEFINE_PLUGIN("asgd", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &asgd.item);
