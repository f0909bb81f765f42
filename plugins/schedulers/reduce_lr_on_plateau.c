/* Scheduler "reduce_lr_on_plateau": lowers the value when the monitored metric stops improving. */
#include <math.h>
#include "hone/scheduler.h"

struct conf {
    double factor, threshold, min_lr, eps;
    int64_t patience, threshold_mode, cooldown;
};

static const char *const modes[] = { "rel", "abs", NULL };

static const struct hone_param params[] = {
    HONE_ROW(struct conf, factor, HONE_REAL, HONE_P_OPEN_MIN | HONE_P_OPEN_MAX, 0.1, 0, 1, "what the value is multiplied by"),
    HONE_ROW(struct conf, patience, HONE_INT, 0, 10, 0, 1000000, "evaluations without improvement that are borne"),
    HONE_ROW(struct conf, threshold, HONE_REAL, 0, 1e-4, 0, 1, "smallest change that is an improvement"),
    HONE_ROW_CHOICE(struct conf, threshold_mode, 0, 0, modes, "threshold as a share of the best value, or as it is"),
    HONE_ROW(struct conf, cooldown, HONE_INT, 0, 0, 0, 1000000, "evaluations after a reduction that are not counted"),
    HONE_ROW(struct conf, min_lr, HONE_REAL, 0, 0, 0, 10, "least value"),
    HONE_ROW(struct conf, eps, HONE_REAL, 0, 1e-8, 0, 1, "a reduction smaller than this is not made"),
};

enum { BEST, SEEN, BAD, COOLING, REDUCED }; /* REDUCED: the value, 0 until it was first reduced */
static const char *const state_names[] = { "best", "seen", "bad", "cooling", "reduced", NULL };

static double value(const struct hone_sched_in *in, const void *conf, const double *state)
{
    (void)conf;
    return state[REDUCED] > 0 ? state[REDUCED] : in->base;
}

static int better(const struct conf *c, double metric, double best)
{
    /* relative to the best value's size, so that a metric below 0 works as well */
    double bar = c->threshold_mode ? best - c->threshold : best - c->threshold * fabs(best);
    return metric < bar;
}

static int observe(const struct hone_sched_in *in, const void *conf, double *state, struct hone_err *err)
{
    const struct conf *c = conf;
    (void)err;
    if (state[SEEN] == 0 || better(c, in->metric, state[BEST])) {
        state[BEST] = in->metric;
        state[SEEN] = 1;
        state[BAD] = 0;
    } else {
        state[BAD] += 1;
    }
    if (state[COOLING] > 0) {
        state[COOLING] -= 1;
        state[BAD] = 0;
    }
    if (state[BAD] > (double)c->patience) {
        double old = value(in, conf, state), new = fmax(old * c->factor, c->min_lr);
        if (old - new > c->eps)
            state[REDUCED] = new;
        state[COOLING] = (double)c->cooldown;
        state[BAD] = 0;
    }
    return 0;
}

static const struct hone_scheduler plateau = {
    .item = HONE_ITEM(struct hone_scheduler, HONE_SCHEDULER, "reduce_lr_on_plateau", "lower when the metric stalls",
                      "Settings and defaults as torch.optim.lr_scheduler.ReduceLROnPlateau.", params, struct conf, 0, NULL),
    .state_names = state_names, .value = value, .observe = observe,
};

HONE_DEFINE_PLUGIN("reduce_lr_on_plateau", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &plateau.item);
