/* Scheduler "inverse_sqrt": Vaswani et al., 2017, "Attention is all you need", as in the transformers library. */
#include <math.h>
#include "hone/scheduler.h"

struct conf {
    int64_t timescale;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, timescale, HONE_INT, 0, 10000, 1, 1000000000, "steps over which the value falls to 1 / sqrt(2); other libraries take the warm-up's length"),
};

static double value(const struct hone_sched_in *in, const void *conf, const double *state)
{
    const struct conf *c = conf;
    (void)state;
    return in->base / sqrt(((double)in->step + (double)c->timescale) / (double)c->timescale);
}

static const struct hone_scheduler inverse_sqrt = {
    .item = HONE_ITEM(struct hone_scheduler, HONE_SCHEDULER, "inverse_sqrt", "falls with the root of the step",
                      "base / sqrt((s + timescale) / timescale).", params, struct conf, 0, NULL),
    .value = value,
};

HONE_DEFINE_PLUGIN("inverse_sqrt", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &inverse_sqrt.item);
