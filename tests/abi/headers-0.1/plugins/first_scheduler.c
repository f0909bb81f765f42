/* Scheduler "first_scheduler": say what it is and where it comes from. This one falls like 1 / (1 + speed x share of the steps done). */
#include "hone/scheduler.h"

struct conf {
    double speed;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, speed, HONE_REAL, 0, 9, 0, 1000, "how fast it falls"),
};

/* The value for a step: steps count from 0 behind the warm-up, which the host does. */
static double value(const struct hone_sched_in *in, const void *conf, const double *state)
{
    const struct conf *c = conf;
    (void)state;
    return in->base / (1 + c->speed * (double)in->step / (double)(in->total > 0 ? in->total : 1));
}

static const struct hone_scheduler first_scheduler = {
    .item = HONE_ITEM(struct hone_scheduler, HONE_SCHEDULER, "first_scheduler", "one line for lists", "base / (1 + speed s / T).", params,
                      struct conf, 0, NULL),
    .value = value,
};

HONE_DEFINE_PLUGIN("first_scheduler", "0.1", "Apache-2.0", "", NULL, NULL, &first_scheduler.item);
