/* Scheduler "greedy": raises the value while the monitored metric improves and lowers it when it does not; Subramanian & Ganapathiraman,
 * 2023, "Zeroth order GreedyLR: an adaptive learning rate scheduler for deep neural network training". */
#include <math.h>
#include "hone/scheduler.h"

struct conf {
    double factor, threshold, min_lr, max_lr;
    int64_t patience;
};

static const struct hone_param params[] = {
    HONE_ROW(struct conf, factor, HONE_REAL, HONE_P_OPEN_MIN | HONE_P_OPEN_MAX, 0.95, 0, 1, "what the value is multiplied by, or divided by"),
    HONE_ROW(struct conf, patience, HONE_INT, 0, 0, 0, 1000000, "evaluations of one kind that are borne"),
    HONE_ROW(struct conf, threshold, HONE_REAL, 0, 1e-4, 0, 1, "smallest relative change that is an improvement"),
    HONE_ROW(struct conf, min_lr, HONE_REAL, 0, 0, 0, 10, "least value"),
    HONE_ROW(struct conf, max_lr, HONE_REAL, 0, 1, 0, 10, "greatest value"),
};

enum { BEST, SEEN, GOOD, BAD, NOW }; /* NOW: the value, 0 until it was first changed */
static const char *const state_names[] = { "best", "seen", "good", "bad", "now", NULL };

static double value(const struct hone_sched_in *in, const void *conf, const double *state)
{
    (void)conf;
    return state[NOW] > 0 ? state[NOW] : in->base;
}

static int observe(const struct hone_sched_in *in, const void *conf, double *state, struct hone_err *err)
{
    const struct conf *c = conf;
    double now = value(in, conf, state);
    (void)err;
    int better = state[SEEN] == 0 || in->metric < state[BEST] - c->threshold * fabs(state[BEST]);
    if (better)
        state[BEST] = in->metric;
    state[GOOD] = better ? state[GOOD] + 1 : 0;
    state[BAD] = better ? 0 : state[BAD] + 1;
    if (state[SEEN] != 0 && state[GOOD] > (double)c->patience) {
        state[NOW] = fmin(now / c->factor, c->max_lr);
        state[GOOD] = 0;
    } else if (state[BAD] > (double)c->patience) {
        state[NOW] = fmax(now * c->factor, c->min_lr);
        state[BAD] = 0;
    }
    state[SEEN] = 1;
    return 0;
}

static const struct hone_scheduler greedy = {
    .item = HONE_ITEM(struct hone_scheduler, HONE_SCHEDULER, "greedy", "up while it improves, else down",
                      "value / factor after more than patience improvements in a row, value x factor after as many failures.", params, struct conf, 0, NULL),
    .state_names = state_names, .value = value, .observe = observe,
};

HONE_DEFINE_PLUGIN("greedy", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &greedy.item);
