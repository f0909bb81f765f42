/* A complete optimizer outside of the source tree: sign descent with momentum (Chen et al., 2023, "Symbolic discovery of
 * optimization algorithms", the update of Lion). It sees include/hone only. Built and used by out_of_tree.sh, printed in
 * docs/plugin-guide.md. */
#include "hone/optimizer.h"

struct conf {
    double lr, beta1, beta2, weight_decay;
};

static const struct hone_param settings[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 1e-3, 0, 10, "step size"),
    HONE_ROW(struct conf, beta1, HONE_REAL, HONE_P_OPEN_MAX, 0.9, 0, 1, "share of the memory in the direction of a step"),
    HONE_ROW(struct conf, beta2, HONE_REAL, HONE_P_OPEN_MAX, 0.99, 0, 1, "how much of the memory a step keeps"),
    HONE_ROW(struct conf, weight_decay, HONE_REAL, 0, 0, 0, 1, "share of a weight that is taken away a step, times lr"),
};

/* One float an element, zero at first; the host keeps it, divides it and saves it. */
static const struct hone_slot slots[] = { { .name = "memory" } };

static void update(const struct hone_span *s)
{
    const struct conf *c = (const struct conf *)s->conf;
    float lr = (float)c->lr, b1 = (float)c->beta1, b2 = (float)c->beta2, keep = 1.0f - (float)(c->lr * c->weight_decay);
    float *memory = (float *)s->state[0];
    for (int64_t i = 0; i < s->n; i++) {
        float way = b1 * memory[i] + (1.0f - b1) * s->grad[i];
        float sign = (float)((way > 0.0f) - (way < 0.0f));
        s->param[i] = keep * s->param[i] - lr * sign;
        memory[i] = b2 * memory[i] + (1.0f - b2) * s->grad[i];
    }
}

static int check(const void *conf, struct hone_err *err)
{
    const struct conf *c = (const struct conf *)conf;
    if (c->lr * c->weight_decay > 1)
        return hone_fail(err, HONE_EINVAL, "lr x weight_decay is %g; above 1 it turns weights around",
                         c->lr * c->weight_decay);
    return 0;
}

static const struct hone_optimizer sign_descent = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "sign_descent", "steps of equal size against the sign of a mean",
                      "Chen et al., 2023, Symbolic discovery of optimization algorithms.", settings, struct conf,
                      HONE_OPT_SPARSE, check),
    .slots = slots,
    .n_slots = HONE_COUNT(slots),
    .slot_size = sizeof slots[0],
    .state_version = 1,
    .update = update,
};

HONE_DEFINE_PLUGIN("sign_descent", "1.0", "Apache-2.0", "", NULL, NULL, &sign_descent.item);
