/* Scheduler "cosine_with_min_lr": half a cosine down to a least value, as in the transformers library. */
#include <math.h>
#include "hone/scheduler.h"

struct conf {
    double num_cycles, min_lr, min_lr_rate;
};

#define PI 3.14159265358979323846

static const struct hone_param params[] = {
    HONE_ROW(struct conf, num_cycles, HONE_REAL, HONE_P_OPEN_MIN, 0.5, 0, 1000, "waves; 0.5: down once"),
    HONE_ROW(struct conf, min_lr, HONE_REAL, 0, 0, 0, 10, "least value"),
    HONE_ROW(struct conf, min_lr_rate, HONE_REAL, 0, 0, 0, 1, "least value as a share of the first; not with min_lr"),
};

static int check(const void *conf, struct hone_err *err)
{
    const struct conf *c = conf;
    return c->min_lr > 0 && c->min_lr_rate > 0 ? hone_fail(err, HONE_EINVAL, "min_lr and min_lr_rate are both set; set one of them") : 0;
}

static double value(const struct hone_sched_in *in, const void *conf, const double *state)
{
    const struct conf *c = conf;
    (void)state;
    double rate = c->min_lr > 0 && in->base > 0 ? c->min_lr / in->base : c->min_lr_rate;
    double share = in->total > 0 ? (double)in->step / (double)in->total : 0;
    double factor = 0.5 * (1 + cos(PI * c->num_cycles * 2 * share)) * (1 - rate) + rate;
    return in->base * (factor > 0 ? factor : 0);
}

static const struct hone_scheduler cosine_with_min_lr = {
    .item = HONE_ITEM(struct hone_scheduler, HONE_SCHEDULER, "cosine_with_min_lr", "a cosine down to min_lr",
                      "base ((1 + cos(2 pi num_cycles s / T)) / 2 (1 - r) + r), r the least value as a share.", params, struct conf, 0, check),
    .value = value,
};

HONE_DEFINE_PLUGIN("cosine_with_min_lr", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &cosine_with_min_lr.item);
