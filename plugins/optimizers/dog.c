/* Optimizer "dog": Ivgi, Hinder & Carmon, 2023, "DoG is SGD's best friend: a parameter-free dynamic step size schedule". */
#include <math.h>
#include "hone/optimizer.h"

struct conf {
    double lr, eps, init_value, weight_decay;
    int64_t init_step;
};

enum { HEURISTIC, DISTANCE, RATE };
static const char *const starts[] = { "heuristic", "distance", "learning_rate", NULL };

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 1, 0, 10, "learning rate"),
    HONE_ROW(struct conf, eps, HONE_REAL, 0, 1e-8, 0, 1, "added to the sum of squared lengths"),
    HONE_ROW_CHOICE(struct conf, init_step, 0, 0, starts, "what init_value is: a share of 1 + the length of the weights, the first distance, or the first rate"),
    HONE_ROW(struct conf, init_value, HONE_REAL, HONE_P_OPEN_MIN, 1e-6, 0, 10, "see init_step"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0, 0, 1, "L2 penalty, added to the gradient"),
};

static const struct hone_slot slots[] = {
    { .name = "start", .flags = HONE_SLOT_FROM_PARAM },
    { .name = "distance", .dtype = HONE_F64, .extent = HONE_PER_GROUP },
    { .name = "squares", .dtype = HONE_F64, .extent = HONE_PER_GROUP },
};

static void sum(const struct hone_span *s, double *sums)
{
    const struct conf *c = s->conf;
    const float *start = s->state[0];
    for (int64_t i = 0; i < s->n; i++) {
        double x = (double)s->param[i], g = c->lr * ((double)s->grad[i] + c->weight_decay * x), d = x - (double)start[i];
        sums[0] += d * d;
        sums[1] += g * g;
        sums[2] += x * x;
    }
}

/* The first total becomes the rate. */
static int settle(const struct hone_prep *p, double *sums, struct hone_err *err)
{
    const struct conf *c = p->conf;
    double *distance = p->state[1], *squares = p->state[2];
    (void)err;
    if (p->step == 1)
        *distance = c->init_step == HEURISTIC ? c->init_value * (1 + sqrt(sums[2])) : c->init_step == DISTANCE ? c->init_value : 0;
    *distance = fmax(*distance, sqrt(sums[0]));
    *squares += sums[1];
    sums[0] = p->step == 1 && c->init_step == RATE ? c->init_value : *squares + c->eps > 0 ? *distance / sqrt(*squares + c->eps) : 0;
    return 0;
}

static void update(const struct hone_span *s)
{
    const struct conf *c = s->conf;
    double rate = s->sums[0] * c->lr;
    for (int64_t i = 0; i < s->n; i++) {
        double x = (double)s->param[i];
        s->param[i] = (float)(x - rate * ((double)s->grad[i] + c->weight_decay * x));
    }
}

static const struct hone_optimizer dog = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "dog", "rates from the distance travelled",
                      "Ivgi et al., 2023. Settings and defaults as optax.contrib.dog.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .n_sums = 3, .sum_scope = HONE_SUM_GROUP, .sum = sum, .settle = settle, .update = update,
};

HONE_DEFINE_PLUGIN("dog", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &dog.item);
