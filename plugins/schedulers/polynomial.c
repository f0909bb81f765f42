/* Scheduler "polynomial": a power of the share of steps that is left, down to an end value. */
#include <math.h>
#include "hone/scheduler.h"

struct conf {
    double lr_end, power;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, lr_end, HONE_REAL, 0, 1e-7, 0, 10, "value at the last step and after it"),
    HONE_ROW(struct conf, power, HONE_REAL, HONE_P_OPEN_MIN, 1, 0, 100, "exponent; 1 is a straight line"),
};

static double value(const struct hone_sched_in *in, const void *conf, const double *state)
{
    const struct conf *c = conf;
    (void)state;
    if (in->total < 0)
        return in->base;
    if (in->step > in->total)
        return c->lr_end;
    double left = 1 - (double)in->step / (double)(in->total > 0 ? in->total : 1);
    return (in->base - c->lr_end) * pow(left, c->power) + c->lr_end;
}

static const struct hone_scheduler polynomial = {
    .item = HONE_ITEM(struct hone_scheduler, HONE_SCHEDULER, "polynomial", "a power down to lr_end",
                      "(base - lr_end) (1 - step / total)^power + lr_end.", params, struct conf, 0, NULL),
    .value = value,
};

HONE_DEFINE_PLUGIN("polynomial", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &polynomial.item);
