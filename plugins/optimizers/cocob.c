/* Optimizer "cocob": Orabona & Tommasi, 2017, "Training deep networks without learning rates through coin betting". */
#include <math.h>
#include "hone/optimizer.h"

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

static void update(const struct hone_span *s)
{
    const struct conf *c = s->conf;
    const float *start = s->state[0];
    float *sum = s->state[1], *scale = s->state[2], *size = s->state[3], *reward = s->state[4];
    for (int64_t i = 0; i < s->n; i++) {
        double x = (double)s->param[i], g = c->lr * ((double)s->grad[i] + c->weight_decay * x), x0 = (double)start[i];
        double largest = fmax(s->step == 1 ? c->eps : (double)scale[i], fabs(g)), total = (double)size[i] + fabs(g),
               won = fmax((double)reward[i] - g * (x - x0), 0), bet = (double)sum[i] - g;
        scale[i] = (float)largest;
        size[i] = (float)total;
        reward[i] = (float)won;
        sum[i] = (float)bet;
        s->param[i] = (float)(x0 + bet / (largest * fmax(total + largest, c->alpha * largest)) * (largest + won));
    }
}

static const struct hone_optimizer cocob = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "cocob", "coin betting, without a learning rate",
                      "Orabona & Tommasi, 2017. Settings and defaults as optax.contrib.cocob; lr multiplies gradients.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .update = update,
};

HONE_DEFINE_PLUGIN("cocob", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &cocob.item);
