/* Scheduler "linear": from the configured value straight to 0 at the last step. */
#include "hone/scheduler.h"

static double value(const struct hone_sched_in *in, const void *conf, const double *state)
{
    (void)conf;
    (void)state;
    if (in->total < 0)
        return in->base;
    double left = (double)(in->total - in->step) / (double)(in->total > 1 ? in->total : 1);
    return left > 0 ? in->base * left : 0;
}

static const struct hone_scheduler linear = {
    .item = HONE_ITEM_PLAIN(struct hone_scheduler, HONE_SCHEDULER, "linear", "straight line down to 0",
                            "base x max(0, (total - step) / max(1, total)), steps counted from the end of the warm-up.", 0),
    .value = value,
};

HONE_DEFINE_PLUGIN("linear", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &linear.item);
