/* Schedulers of factors as PyTorch has them: "linear_decay" (a line between two factors), "constant_factor" (one factor, then 1). */
#include <math.h>
#include "hone/scheduler.h"

struct conf {
    double start_factor, end_factor;
    int64_t total_iters;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, start_factor, HONE_REAL, 0, 1, 0, 1, "share of the value at first"),
    HONE_ROW(struct conf, end_factor, HONE_REAL, 0, 0, 0, 1, "share of the value at last"),
    HONE_ROW(struct conf, total_iters, HONE_INT, 0, 0, 0, 1000000000, "steps between; 0: all"),
};

struct factor_conf {
    double factor;
    int64_t total_iters;
};

static const struct hone_param factor_params[] = {
    HONE_ROW(struct factor_conf, factor, HONE_REAL, 0, 0.33333333333333331, 0, 1, "share of the value at first"),
    HONE_ROW(struct factor_conf, total_iters, HONE_INT, 0, 5, 0, 1000000000, "steps that it holds"),
};

static double factor_value(const struct hone_sched_in *in, const void *conf, const double *state)
{
    const struct factor_conf *c = conf;
    (void)state;
    return in->step < c->total_iters ? in->base * c->factor : in->base;
}

static const struct hone_scheduler constant_factor = {
    .item = HONE_ITEM(struct hone_scheduler, HONE_SCHEDULER, "constant_factor", "a share of the value, then all of it",
                      "As torch.optim.lr_scheduler.ConstantLR.", factor_params, struct factor_conf, 0, NULL),
    .value = factor_value,
};

static double value(const struct hone_sched_in *in, const void *conf, const double *state)
{
    const struct conf *c = conf;
    (void)state;
    double all = c->total_iters ? (double)c->total_iters : in->total > 0 ? (double)in->total : 1, s = fmin((double)in->step, all);
    return in->base * (c->start_factor + (c->end_factor - c->start_factor) * s / all);
}

static const struct hone_scheduler linear_decay = {
    .item = HONE_ITEM(struct hone_scheduler, HONE_SCHEDULER, "linear_decay", "a line between two shares",
                      "As torch.optim.lr_scheduler.LinearLR; its defaults are start_factor 1/3, end_factor 1, total_iters 5.", params, struct conf, 0, NULL),
    .value = value,
};

HONE_DEFINE_PLUGIN("linear_decay", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &linear_decay.item, &constant_factor.item);
