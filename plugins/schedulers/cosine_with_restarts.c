/* Scheduler "cosine_with_restarts": hard restarts (Loshchilov & Hutter, 2017, "SGDR"), as in the transformers library. */
#include <math.h>
#include "hone/scheduler.h"

struct conf {
    int64_t num_cycles;
};

#define PI 3.14159265358979323846

static const struct hone_param params[] = {
    HONE_ROW(struct conf, num_cycles, HONE_INT, 0, 1, 1, 1000000, "cycles, each from the full value down to 0"),
};

static double value(const struct hone_sched_in *in, const void *conf, const double *state)
{
    const struct conf *c = conf;
    (void)state;
    double share = in->total > 0 ? (double)in->step / (double)in->total : 0;
    return share >= 1 ? 0 : in->base * 0.5 * (1 + cos(PI * fmod((double)c->num_cycles * share, 1)));
}

static const struct hone_scheduler cosine_with_restarts = {
    .item = HONE_ITEM(struct hone_scheduler, HONE_SCHEDULER, "cosine_with_restarts", "cosines down to 0, again and again",
                      "base (1 + cos(pi frac(num_cycles s / T))) / 2.", params, struct conf, 0, NULL),
    .value = value,
};

HONE_DEFINE_PLUGIN("cosine_with_restarts", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &cosine_with_restarts.item);
