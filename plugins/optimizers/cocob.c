/* Optimizer "cocob": Orabona & Tommasi, 2017, "Training deep networks without learning rates through coin betting". */
#include <math.h>
#include "hone/optimizer.h"
#include "hone/wide.h"

struct conf {
    double lr, alpha, eps, weight_decay;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 1, 0, 10, "learning rate"),
    HONE_ROW(struct conf, alpha, HONE_REAL, HONE_P_OPEN_MIN, 100, 0, 1e6, "bounds the share that is bet at first"),
    HONE_ROW(struct conf, eps, HONE_REAL, HONE_P_OPEN_MIN, 1e-8, 0, 1, "first scale of gradients"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0, 0, 1, "L2 penalty, added to the gradient"),
};

static const struct hone_slot slots[] = {
    { .name = "start", .flags = HONE_SLOT_FROM_PARAM },
    { .name = "sum" },
    { .name = "scale" },
    { .name = "size" },
    { .name = "reward" },
};

static inline double greater(double a, double b)
{
    return a > b ? a : b;
}

/* `least`: of the first step, where there is no scale yet; else 0. */
HONE_WIDE static void step(int64_t n, float *restrict param, const float *restrict grad, const float *restrict start, float *restrict sum,
                           float *restrict scale, float *restrict size, float *restrict reward, struct conf c, double least)
{
    for (int64_t i = 0; i < n; i++) {
        double x = (double)param[i], g = c.lr * ((double)grad[i] + c.weight_decay * x), x0 = (double)start[i];
        double largest = greater(greater(least, (double)scale[i]), fabs(g)), total = (double)size[i] + fabs(g),
               won = greater((double)reward[i] - g * (x - x0), 0), bet = (double)sum[i] - g;
        scale[i] = (float)largest;
        size[i] = (float)total;
        reward[i] = (float)won;
        sum[i] = (float)bet;
        param[i] = (float)(x0 + bet / (largest * greater(total + largest, c.alpha * largest)) * (largest + won));
    }
}

static void update(const struct hone_span *s)
{
    const struct conf *c = s->conf;
    step(s->n, s->param, s->grad, s->state[0], s->state[1], s->state[2], s->state[3], s->state[4], *c, s->step == 1 ? c->eps : 0);
}

static const struct hone_optimizer cocob = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "cocob", "coin betting, without a learning rate",
                      "Orabona & Tommasi, 2017. Settings and defaults as optax.contrib.cocob; lr multiplies gradients.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .update = update,
};

HONE_DEFINE_PLUGIN("cocob", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &cocob.item);
