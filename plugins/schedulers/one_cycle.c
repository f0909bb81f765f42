/* Scheduler "one_cycle": Smith & Topin, 2018, "Super-convergence". The configured value is the top of the cycle. */
#include <math.h>
#include "hone/scheduler.h"

struct conf {
    double pct_start, div_factor, final_div_factor;
    int64_t anneal_strategy, three_phase;
};

#define PI 3.14159265358979323846

static const char *const strategies[] = { "cos", "linear", NULL };

static const struct hone_param params[] = {
    HONE_ROW(struct conf, pct_start, HONE_REAL, HONE_P_OPEN_MIN | HONE_P_OPEN_MAX, 0.3, 0, 1, "share of the steps that rise"),
    HONE_ROW(struct conf, div_factor, HONE_REAL, 0, 25, 1, 1e12, "the first value is the top divided by this"),
    HONE_ROW(struct conf, final_div_factor, HONE_REAL, 0, 10000, 1, 1e12, "the last value is the first divided by this"),
    HONE_ROW_CHOICE(struct conf, anneal_strategy, 0, 0, strategies, "shape of the ways up and down"),
    HONE_ROW(struct conf, three_phase, HONE_BOOL, 0, 0, 0, 1, "up, down to the first value, then to the last"),
};

static double anneal(const struct conf *c, double from, double to, double share)
{
    return c->anneal_strategy ? (to - from) * share + from : to + (from - to) / 2 * (1 + cos(PI * share));
}

static double value(const struct hone_sched_in *in, const void *conf, const double *state)
{
    const struct conf *c = conf;
    (void)state;
    double all = in->total > 1 ? (double)in->total : 2, s = fmin((double)in->step, all - 1), first = in->base / c->div_factor,
           last = first / c->final_div_factor, up = c->pct_start * all - 1, down = c->three_phase ? 2 * c->pct_start * all - 2 : all - 1;
    if (s <= up)
        return anneal(c, first, in->base, up > 0 ? s / up : 1);
    if (s <= down)
        return anneal(c, in->base, c->three_phase ? first : last, down > up ? (s - up) / (down - up) : 1);
    return anneal(c, first, last, (s - down) / (all - 1 - down));
}

static const struct hone_scheduler one_cycle = {
    .item = HONE_ITEM(struct hone_scheduler, HONE_SCHEDULER, "one_cycle", "up, down, and out",
                      "As torch.optim.lr_scheduler.OneCycleLR with max_lr = learningRate; momentum is not cycled.", params, struct conf, 0, NULL),
    .value = value,
};

HONE_DEFINE_PLUGIN("one_cycle", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &one_cycle.item);
