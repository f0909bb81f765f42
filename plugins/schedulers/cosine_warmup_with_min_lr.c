/* Scheduler "cosine_warmup_with_min_lr": as cosine_with_min_lr with a warm-up of its own that begins above 0, as in the transformers
 * library (where steps count from 1 behind the warm-up). */
#include <math.h>
#include "hone/scheduler.h"

struct conf {
    double num_cycles, min_lr, min_lr_rate, warmup_lr_rate;
    int64_t warmup_steps;
};

#define PI 3.14159265358979323846

static const struct hone_param params[] = {
    HONE_ROW(struct conf, num_cycles, HONE_REAL, HONE_P_OPEN_MIN, 0.5, 0, 1000, "waves; 0.5: down once"),
    HONE_ROW(struct conf, min_lr, HONE_REAL, 0, 0, 0, 10, "least value"),
    HONE_ROW(struct conf, min_lr_rate, HONE_REAL, 0, 0, 0, 1, "least value as a share of the first; not with min_lr"),
    HONE_ROW(struct conf, warmup_steps, HONE_INT, 0, 0, 0, 1000000000, "steps of the warm-up"),
    HONE_ROW(struct conf, warmup_lr_rate, HONE_REAL, 0, 0, 0, 1, "share of the value that it begins with; 0: one step's worth"),
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
    double s = (double)in->step, w = (double)c->warmup_steps, rate = c->min_lr > 0 && in->base > 0 ? c->min_lr / in->base : c->min_lr_rate;
    if (s < w)
        return in->base * (c->warmup_lr_rate > 0 ? c->warmup_lr_rate + (1 - c->warmup_lr_rate) * s / fmax(1, w - 1) : (s + 1) / fmax(1, w));
    double share = in->total > 0 ? (s - w + 1) / fmax(1, (double)in->total - w) : 0;
    double factor = 0.5 * (1 + cos(PI * c->num_cycles * 2 * share)) * (1 - rate) + rate;
    return in->base * (factor > 0 ? factor : 0);
}

static const struct hone_scheduler cosine_warmup_with_min_lr = {
    .item = HONE_ITEM(struct hone_scheduler, HONE_SCHEDULER, "cosine_warmup_with_min_lr", "warm-up from above 0, a cosine to min_lr",
                      "See cosine_with_min_lr.", params, struct conf, 0, check),
    .value = value,
};

HONE_DEFINE_PLUGIN("cosine_warmup_with_min_lr", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &cosine_warmup_with_min_lr.item);
