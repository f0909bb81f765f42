/* Scheduler "step": a power of gamma by number of steps done. */
#include <math.h>
#include "hone/scheduler.h"

struct conf {
    double gamma;
    int64_t step_size;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, step_size, HONE_INT, 0, 1000, 1, 1000000000, "steps between reductions"),
    HONE_ROW(struct conf, gamma, HONE_REAL, 0, 0.1, 0, 10, "what the value is multiplied by"),
};

static double value(const struct hone_sched_in *in, const void *conf, const double *state)
{
    const struct conf *c = conf;
    (void)state;
    return in->base * pow(c->gamma, (double)(in->step / c->step_size));
}

static const struct hone_scheduler step = {
    .item = HONE_ITEM(struct hone_scheduler, HONE_SCHEDULER, "step", "lower every so many steps",
                      "base gamma^floor(s / step_size), as torch.optim.lr_scheduler.StepLR; steps are optimizer steps.", params, struct conf, 0, NULL),
    .value = value,
};

HONE_DEFINE_PLUGIN("step", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &step.item);
