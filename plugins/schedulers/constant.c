/* Scheduler "constant": the configured value at every step. */
#include "hone/scheduler.h"

static double value(const struct hone_sched_in *in, const void *conf, const double *state)
{
    (void)conf;
    (void)state;
    return in->base;
}

static const struct hone_scheduler constant = {
    .item = HONE_ITEM_PLAIN(struct hone_scheduler, HONE_SCHEDULER, "constant", "the same value throughout", NULL, 0),
    .value = value,
};

HONE_DEFINE_PLUGIN("constant", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &constant.item);
