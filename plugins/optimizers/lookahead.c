/* Optimizer "lookahead": Zhang et al., 2019, "Lookahead optimizer: k steps forward, 1 step back". Wraps another. */
#include "hone/optimizer.h"

struct conf {
    double lr, alpha;
    int64_t k;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.001, 0, 10, "learning rate"),
    HONE_ROW(struct conf, alpha, HONE_REAL, HONE_P_OPEN_MIN, 0.5, 0, 1, "how far the slow weights follow"),
    HONE_ROW(struct conf, k, HONE_INT, 0, 5, 1, 100000, "steps between"),
};

static const struct hone_slot slots[] = {
    { .name = "slow", .flags = HONE_SLOT_FROM_PARAM },
};

static int minimize(struct hone_closure *c, struct hone_err *err)
{
    const struct conf *conf = c->conf;
    double loss;
    int ret = c->eval(c, &loss, err);
    if (ret >= 0)
        ret = c->inner(c, err);
    if (ret < 0 || c->step % conf->k != 0)
        return ret;
    /* slow += alpha (fast - slow); fast = slow */
    c->scale(c, 1 - conf->alpha, HONE_V_SLOT(0));
    c->axpy(c, conf->alpha, HONE_V_PARAM, HONE_V_SLOT(0));
    c->copy(c, HONE_V_SLOT(0), HONE_V_PARAM);
    return 0;
}

static const struct hone_optimizer lookahead = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "lookahead", "slow weights that follow, around another",
                      "Zhang et al., 2019. base names the optimizer that takes the steps, base_options its settings.", params, struct conf, HONE_OPT_WRAPS, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .minimize = minimize,
};

HONE_DEFINE_PLUGIN("lookahead", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &lookahead.item);
