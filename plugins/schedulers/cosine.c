/* Scheduler "cosine": along a cosine to 0 (Loshchilov & Hutter, 2017, "SGDR: stochastic gradient descent with warm
 * restarts"). */
#include <math.h>
#include "hone/scheduler.h"

struct conf {
    double num_cycles;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, num_cycles, HONE_REAL, HONE_P_OPEN_MIN, 0.5, 0, 1000, "waves of the cosine; 0.5 goes down once"),
};

static double value(const struct hone_sched_in *in, const void *conf, const double *state)
{
    (void)state;
    if (in->total < 0)
        return in->base;
    double progress = (double)in->step / (double)(in->total > 1 ? in->total : 1);
    if (progress > 1)
        progress = 1;
    double v = 0.5 * (1 + cos(3.141592653589793 * 2 * ((const struct conf *)conf)->num_cycles * progress));
    return v > 0 ? in->base * v : 0;
}

static const struct hone_scheduler cosine = {
    .item = HONE_ITEM(struct hone_scheduler, HONE_SCHEDULER, "cosine", "a cosine down to 0",
                      "base x max(0, (1 + cos(2 pi num_cycles step / total)) / 2); stays where it is after the last step.",
                      params, struct conf, 0, NULL),
    .value = value,
};

HONE_DEFINE_PLUGIN("cosine", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &cosine.item);
