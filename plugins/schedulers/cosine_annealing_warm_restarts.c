/* Scheduler "cosine_annealing_warm_restarts": Loshchilov & Hutter, 2017, "SGDR: stochastic gradient descent with warm restarts". */
#include <math.h>
#include "hone/scheduler.h"

struct conf {
    double eta_min;
    int64_t t_0, t_mult;
};

#define PI 3.14159265358979323846

static const struct hone_param params[] = {
    HONE_ROW(struct conf, t_0, HONE_INT, 0, 1000, 1, 1000000000, "steps of the first cycle"),
    HONE_ROW(struct conf, t_mult, HONE_INT, 0, 1, 1, 1000, "each cycle is this times as long as the one before"),
    HONE_ROW(struct conf, eta_min, HONE_REAL, 0, 0, 0, 10, "least value"),
};

static double value(const struct hone_sched_in *in, const void *conf, const double *state)
{
    const struct conf *c = conf;
    (void)state;
    double length = (double)c->t_0, s = (double)in->step;
    if (c->t_mult == 1)
        s = fmod(s, length);
    else
        for (; s >= length; length *= (double)c->t_mult)
            s -= length;
    return c->eta_min + (in->base - c->eta_min) * (1 + cos(PI * s / length)) / 2;
}

static const struct hone_scheduler cosine_annealing_warm_restarts = {
    .item = HONE_ITEM(struct hone_scheduler, HONE_SCHEDULER, "cosine_annealing_warm_restarts", "cosines of growing length",
                      "As torch.optim.lr_scheduler.CosineAnnealingWarmRestarts; steps are optimizer steps.", params, struct conf, 0, NULL),
    .value = value,
};

HONE_DEFINE_PLUGIN("cosine_annealing_warm_restarts", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &cosine_annealing_warm_restarts.item);
