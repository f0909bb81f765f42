/* Schedulers "constant" and "constant_with_warmup": the value does not change. Warm-up is the host's (warmupSteps, warmupRatio), so that
 * the second is the first under the name that other libraries give it. */
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

static const struct hone_scheduler with_warmup = {
    .item = HONE_ITEM_PLAIN(struct hone_scheduler, HONE_SCHEDULER, "constant_with_warmup", "the same value behind the warm-up",
                            "Set warmupSteps or warmupRatio.", 0),
    .value = value,
};

HONE_DEFINE_PLUGIN("constant", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &constant.item, &with_warmup.item);
