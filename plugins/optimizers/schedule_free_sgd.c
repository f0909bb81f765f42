/* Optimizer "schedule_free_sgd": Defazio et al., 2024, "The road less scheduled". Use with schedulerType constant. */
#include <math.h>
#include "hone/optimizer.h"
#include "hone/wide.h"

struct conf {
    double lr, beta1, weight_decay, weight_lr_power;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 1, 0, 10, "learning rate"),
    HONE_ROW(struct conf, beta1, HONE_REAL, HONE_P_OPEN_MIN | HONE_P_OPEN_MAX, 0.9, 0, 1, "share of the average in the point of the gradient"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0, 0, 1, "L2 penalty, added to the gradient"),
    HONE_ROW(struct conf, weight_lr_power, HONE_REAL, 0, 2, 0, 10, "power of the rate that steps are weighted by in the average"),
};

static const struct hone_slot slots[] = {
    { .name = "z", .flags = HONE_SLOT_FROM_PARAM },
};

struct derived {
    double max_lr, weight_sum;
    float b1, share, rate, decay; /* share: of z in x */
};

static int prepare(const struct hone_prep *p, struct hone_err *err)
{
    const struct conf *c = p->conf;
    struct derived *d = p->derived;
    (void)err;
    d->max_lr = fmax(d->max_lr, c->lr);
    double weight = pow(d->max_lr, c->weight_lr_power);
    d->weight_sum += weight;
    d->b1 = (float)c->beta1;
    d->share = d->weight_sum > 0 ? (float)(weight / d->weight_sum) : 0;
    d->rate = (float)c->lr;
    d->decay = (float)c->weight_decay;
    return 0;
}

HONE_WIDE static void step(int64_t n, float *restrict y, const float *restrict g, float *restrict z, struct derived d)
{
    for (int64_t i = 0; i < n; i++) {
        float x = (y[i] - (1 - d.b1) * z[i]) / d.b1;
        z[i] -= d.rate * (g[i] + d.decay * y[i]);
        x = (1 - d.share) * x + d.share * z[i];
        y[i] = d.b1 * x + (1 - d.b1) * z[i];
    }
}

static void update(const struct hone_span *s)
{
    step(s->n, s->param, s->grad, s->state[0], *(const struct derived *)s->derived);
}

/* The parameters are y, between the average x, which is served, and z, which is stepped. */
static void serve(const struct hone_span *s)
{
    float b1 = (float)((const struct conf *)s->conf)->beta1;
    const float *z = s->state[0];
    for (int64_t i = 0; i < s->n; i++)
        s->param[i] = (s->param[i] - (1 - b1) * z[i]) / b1;
}

static const struct hone_optimizer schedule_free_sgd = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "schedule_free_sgd", "gradient descent without a schedule",
                      "Defazio et al., 2024. Settings and defaults as optax.contrib.schedule_free_sgd.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .derived_size = sizeof(struct derived), .prepare = prepare, .update = update, .serve = serve,
};

HONE_DEFINE_PLUGIN("schedule_free_sgd", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &schedule_free_sgd.item);
