/* Optimizer "ftrl": McMahan et al., 2013, "Ad click prediction: a view from the trenches" (FTRL-Proximal): weights that stay exactly 0
 * with l1. */
#include <math.h>
#include "hone/optimizer.h"

struct conf {
    double lr, learning_rate_power, initial_accumulator_value, l1, l2, l2_shrinkage, beta;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG | HONE_P_OPEN_MIN, 0.001, 0, 10, "learning rate"),
    HONE_ROW(struct conf, learning_rate_power, HONE_REAL, 0, -0.5, -2, 0, "how the rate falls with the sum of squares"),
    HONE_ROW(struct conf, initial_accumulator_value, HONE_REAL, HONE_P_STATE, 0.1, 0, 1e6, "first value of the sum of squares"),
    HONE_ROW(struct conf, l1, HONE_REAL, 0, 0, 0, 1000, "L1 penalty"),
    HONE_ROW(struct conf, l2, HONE_REAL, 0, 0, 0, 1000, "L2 penalty"),
    HONE_ROW(struct conf, l2_shrinkage, HONE_REAL, 0, 0, 0, 1000, "L2 penalty on the loss, in the gradient"),
    HONE_ROW(struct conf, beta, HONE_REAL, 0, 0, 0, 1000, "steadies the first rates"),
};

static const struct hone_slot slots[] = {
    { .name = "square" },
    { .name = "linear" },
};

static double root(double v, double power)
{
    return power == 0.5 ? sqrt(v) : pow(v, power);
}

static void update(const struct hone_span *s)
{
    const struct conf *c = s->conf;
    float *square = s->state[0], *linear = s->state[1];
    double power = -c->learning_rate_power, lr = c->lr > 0 ? c->lr : 1e-30, l2 = c->l2 + c->beta / (2 * lr);
    for (int64_t i = 0; i < s->n; i++) {
        double x = (double)s->param[i], g = (double)s->grad[i], old = s->step == 1 ? c->initial_accumulator_value : (double)square[i],
               new = old + g * g, strength = root(new, power);
        double z = (double)linear[i] + g + 2 * c->l2_shrinkage * x - (strength - root(old, power)) / lr * x;
        double quadratic = strength / lr + 2 * l2;
        square[i] = (float)new;
        linear[i] = (float)z;
        s->param[i] = quadratic > 0 ? (float)((fmin(fmax(z, -c->l1), c->l1) - z) / quadratic) : 0;
    }
}

static const struct hone_optimizer ftrl = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "ftrl", "follows the regularized leader",
                      "McMahan et al., 2013. Settings and defaults as keras.optimizers.Ftrl.", params, struct conf, 0, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .update = update,
};

HONE_DEFINE_PLUGIN("ftrl", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &ftrl.item);
