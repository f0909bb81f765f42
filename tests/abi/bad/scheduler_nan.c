/* A schedule whose rate is no number. */
#include "hone/scheduler.h"
#include <math.h>

struct conf {
    double unused;
};
static const struct hone_param settings[] = { HONE_ROW(struct conf, unused, HONE_REAL, 0, 0, 0, 1, "nothing") };

static double value(const struct hone_sched_in *in, const void *conf, const double *state)
{
    (void)in, (void)conf, (void)state;
    return NAN;
}
static const struct hone_scheduler bad = {
    .item = HONE_ITEM(struct hone_scheduler, HONE_SCHEDULER, "bad_rate", "a bad plugin", NULL, settings, struct conf, 0, NULL), .value = value,
};
HONE_DEFINE_PLUGIN("bad", "1", "Apache-2.0", "", NULL, NULL, &bad.item);
