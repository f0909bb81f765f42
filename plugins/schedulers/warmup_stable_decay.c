/* Scheduler "warmup_stable_decay": Hu et al., 2024, "MiniCPM"; names as in the transformers library. */
#include <math.h>
#include "hone/scheduler.h"

struct conf {
    double min_lr_ratio, num_cycles;
    int64_t stable_steps, decay_steps, decay_type;
};

#define PI 3.14159265358979323846

enum { COSINE, LINEAR, ONE_MINUS_SQRT };
static const char *const types[] = { "cosine", "linear", "1-sqrt", NULL };

static const struct hone_param params[] = {
    HONE_ROW(struct conf, stable_steps, HONE_INT, 0, 0, 0, 1000000000, "steps at the full value; 0: all but decay_steps"),
    HONE_ROW(struct conf, decay_steps, HONE_INT, 0, 0, 0, 1000000000, "steps of the decay; 0: a fifth of all, or what stable_steps leaves"),
    HONE_ROW_CHOICE(struct conf, decay_type, 0, 0, types, "shape of the decay"),
    HONE_ROW(struct conf, min_lr_ratio, HONE_REAL, 0, 0, 0, 1, "least value as a share of the first"),
    HONE_ROW(struct conf, num_cycles, HONE_REAL, HONE_P_OPEN_MIN, 0.5, 0, 1000, "waves of the cosine"),
};

static double value(const struct hone_sched_in *in, const void *conf, const double *state)
{
    const struct conf *c = conf;
    (void)state;
    double s = (double)in->step, all = in->total > 0 ? (double)in->total : 0, decay = (double)c->decay_steps, stable = (double)c->stable_steps;
    if (decay == 0)
        decay = stable > 0 ? fmax(0, all - stable) : floor(all / 5);
    if (stable == 0)
        stable = fmax(0, all - decay);
    if (s < stable || in->total < 0)
        return in->base;
    if (s >= stable + decay)
        return in->base * c->min_lr_ratio;
    double share = (s - stable) / fmax(1, decay);
    double factor = c->decay_type == COSINE ? 0.5 * (1 + cos(PI * c->num_cycles * 2 * share)) : c->decay_type == LINEAR ? 1 - share : 1 - sqrt(share);
    return in->base * fmax(0, factor * (1 - c->min_lr_ratio) + c->min_lr_ratio);
}

static const struct hone_scheduler warmup_stable_decay = {
    .item = HONE_ITEM(struct hone_scheduler, HONE_SCHEDULER, "warmup_stable_decay", "level, then down at the end",
                      "Level for stable_steps, then a cosine, a line or 1 - sqrt down to min_lr_ratio.", params, struct conf, 0, NULL),
    .value = value,
};

HONE_DEFINE_PLUGIN("warmup_stable_decay", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &warmup_stable_decay.item);
