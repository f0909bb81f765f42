/* Optimizer "sgd": stochastic gradient descent with momentum (Polyak, 1964) and Nesterov's variant in the form of
 * Sutskever et al., 2013, "On the importance of initialization and momentum in deep learning". */
#include "hone/optimizer.h"
#include "hone/wide.h"

struct conf {
    double lr, momentum, dampening, weight_decay;
    int64_t nesterov;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.001, 0, 10, "learning rate"),
    HONE_ROW(struct conf, momentum, HONE_REAL, HONE_P_OPEN_MAX, 0, 0, 1, "share of the last step that is kept"),
    HONE_ROW(struct conf, dampening, HONE_REAL, 0, 0, 0, 1, "1 - share of the gradient that enters the momentum"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0, 0, 1, "L2 penalty, added to the gradient"),
    HONE_ROW(struct conf, nesterov, HONE_BOOL, 0, 0, 0, 1, "look ahead along the momentum"),
};

static const struct hone_slot slots[] = { { .name = "momentum" } };

static int check(const void *conf, struct hone_err *err)
{
    const struct conf *c = conf;
    if (c->nesterov && (c->momentum <= 0 || c->dampening != 0))
        return hone_fail(err, HONE_EINVAL, "nesterov needs a momentum above 0 and a dampening of 0, not %g and %g", c->momentum,
                         c->dampening);
    return 0;
}

HONE_WIDE static void plain(int64_t n, float *restrict x, const float *restrict g, float lr, float decay)
{
    for (int64_t i = 0; i < n; i++)
        x[i] -= lr * (g[i] + decay * x[i]);
}

/* b = keep b + take d; the step goes along look b + now d. */
HONE_WIDE static void heavy(int64_t n, float *restrict x, const float *restrict g, float *restrict b, float lr, float decay,
                            float keep, float take, float look, float now)
{
    for (int64_t i = 0; i < n; i++) {
        float d = g[i] + decay * x[i];
        b[i] = keep * b[i] + take * d;
        x[i] -= lr * (look * b[i] + now * d);
    }
}

static void update(const struct hone_span *s)
{
    const struct conf *c = s->conf;
    float lr = (float)c->lr, decay = (float)c->weight_decay, momentum = (float)c->momentum;
    if (c->momentum == 0) {
        plain(s->n, s->param, s->grad, lr, decay);
        return;
    }
    /* the first step sets the momentum to the gradient, undamped */
    int first = s->step == 1;
    heavy(s->n, s->param, s->grad, s->state[0], lr, decay, first ? 0 : momentum, first ? 1 : (float)(1 - c->dampening),
          c->nesterov ? momentum : 1, c->nesterov ? 1 : 0);
}

static const struct hone_optimizer sgd = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "sgd", "gradient descent with momentum",
                      "Settings and defaults as torch.optim.SGD.", params, struct conf, 0, check),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1, .update = update,
};

HONE_DEFINE_PLUGIN("sgd", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &sgd.item);
