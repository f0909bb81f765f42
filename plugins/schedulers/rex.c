/* Scheduler "rex": Chen et al., 2022, "REX: revisiting budgeted training with an improved schedule". */
#include <math.h>
#include "hone/scheduler.h"

struct conf {
    double beta;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, beta, HONE_REAL, HONE_P_OPEN_MIN | HONE_P_OPEN_MAX, 0.5, 0, 1, "0.5 as in the paper; towards 0 a straight line"),
};

static double value(const struct hone_sched_in *in, const void *conf, const double *state)
{
    const struct conf *c = conf;
    (void)state;
    double left = 1 - fmin(in->total > 0 ? (double)in->step / (double)in->total : 0, 1);
    return in->base * left / (1 - c->beta + c->beta * left);
}

static const struct hone_scheduler rex = {
    .item = HONE_ITEM(struct hone_scheduler, HONE_SCHEDULER, "rex", "level at first, steep at last",
                      "base (1 - z) / (1 - beta + beta (1 - z)), z = s / T.", params, struct conf, 0, NULL),
    .value = value,
};

HONE_DEFINE_PLUGIN("rex", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &rex.item);
