/* Scheduler "inverse_time": falls as 1 / time. */
#include <math.h>
#include "hone/scheduler.h"

struct conf {
    double decay_rate;
    int64_t decay_steps, staircase;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, decay_steps, HONE_INT, 0, 1000, 1, 1000000000, "steps that count as one unit of time"),
    HONE_ROW(struct conf, decay_rate, HONE_REAL, 0, 0.5, 0, 1000, "how fast it falls"),
    HONE_ROW(struct conf, staircase, HONE_BOOL, 0, 0, 0, 1, "in whole units of time only"),
};

static double value(const struct hone_sched_in *in, const void *conf, const double *state)
{
    const struct conf *c = conf;
    (void)state;
    double time = (double)in->step / (double)c->decay_steps;
    return in->base / (1 + c->decay_rate * (c->staircase ? floor(time) : time));
}

static const struct hone_scheduler inverse_time = {
    .item = HONE_ITEM(struct hone_scheduler, HONE_SCHEDULER, "inverse_time", "falls as 1 / time",
                      "base / (1 + decay_rate s / decay_steps), as keras InverseTimeDecay.", params, struct conf, 0, NULL),
    .value = value,
};

HONE_DEFINE_PLUGIN("inverse_time", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &inverse_time.item);
