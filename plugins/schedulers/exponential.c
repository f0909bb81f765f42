/* Scheduler "exponential": a power of gamma by step. */
#include <math.h>
#include "hone/scheduler.h"

struct conf {
    double gamma;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, gamma, HONE_REAL, HONE_P_OPEN_MIN, 0.999, 0, 2, "what the value is multiplied by in each step"),
};

static double value(const struct hone_sched_in *in, const void *conf, const double *state)
{
    const struct conf *c = conf;
    (void)state;
    return in->base * pow(c->gamma, (double)in->step);
}

static const struct hone_scheduler exponential = {
    .item = HONE_ITEM(struct hone_scheduler, HONE_SCHEDULER, "exponential", "the same factor every step",
                      "base gamma^s, as torch.optim.lr_scheduler.ExponentialLR; steps are optimizer steps.", params, struct conf, 0, NULL),
    .value = value,
};

HONE_DEFINE_PLUGIN("exponential", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &exponential.item);
