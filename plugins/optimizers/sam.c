/* Optimizer "sam": Foret et al., 2021, "Sharpness-aware minimization for efficiently improving generalization". Wraps another: two
 * gradients a step. */
#include <math.h>
#include "hone/optimizer.h"

struct conf {
    double lr, rho;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, HONE_P_SCHEDULABLE | HONE_P_LOG, 0.001, 0, 10, "learning rate"),
    HONE_ROW(struct conf, rho, HONE_REAL, HONE_P_OPEN_MIN, 0.05, 0, 10, "how far up the slope the second gradient is taken"),
};

static const struct hone_slot slots[] = {
    { .name = "kept", .flags = HONE_SLOT_TRANSIENT },
};

static int minimize(struct hone_closure *c, struct hone_err *err)
{
    double loss;
    int ret = c->eval(c, &loss, err);
    if (ret < 0)
        return ret;
    double length = sqrt(c->dot(c, HONE_V_GRAD, HONE_V_GRAD));
    c->copy(c, HONE_V_PARAM, HONE_V_SLOT(0));
    c->axpy(c, ((const struct conf *)c->conf)->rho / (length + 1e-12), HONE_V_GRAD, HONE_V_PARAM);
    ret = c->eval(c, &loss, err);
    c->copy(c, HONE_V_SLOT(0), HONE_V_PARAM);
    return ret < 0 ? ret : c->inner(c, err);
}

static const struct hone_optimizer sam = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "sam", "gradients from up the slope, around another",
                      "Foret et al., 2021. base names the optimizer that takes the step, base_options its settings.", params, struct conf, HONE_OPT_WRAPS, NULL),
    .slots = slots, .n_slots = HONE_COUNT(slots), .slot_size = sizeof slots[0], .state_version = 1,
    .minimize = minimize,
};

HONE_DEFINE_PLUGIN("sam", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &sam.item);
