/* Scheduler "cyclic": Smith, 2017, "Cyclical learning rates for training neural networks". The configured value is the foot of the cycles. */
#include <math.h>
#include "hone/scheduler.h"

struct conf {
    double max_lr, gamma;
    int64_t step_size_up, step_size_down, mode;
};

enum { TRIANGULAR, TRIANGULAR2, EXP_RANGE };
static const char *const modes[] = { "triangular", "triangular2", "exp_range", NULL };

static const struct hone_param params[] = {
    HONE_ROW(struct conf, max_lr, HONE_REAL, 0, 0.01, 0, 10, "top of the cycles"),
    HONE_ROW(struct conf, step_size_up, HONE_INT, 0, 2000, 1, 1000000000, "steps up"),
    HONE_ROW(struct conf, step_size_down, HONE_INT, 0, 0, 0, 1000000000, "steps down; 0: as up"),
    HONE_ROW_CHOICE(struct conf, mode, 0, 0, modes, "height of cycles: the same, halved each time, or gamma^step"),
    HONE_ROW(struct conf, gamma, HONE_REAL, HONE_P_OPEN_MIN, 1, 0, 1, "of exp_range"),
};

static double value(const struct hone_sched_in *in, const void *conf, const double *state)
{
    const struct conf *c = conf;
    (void)state;
    double up = (double)c->step_size_up, down = c->step_size_down ? (double)c->step_size_down : up, all = up + down, s = (double)in->step;
    double cycle = floor(1 + s / all), x = 1 + s / all - cycle, ratio = up / all, scale = x <= ratio ? x / ratio : (x - 1) / (ratio - 1);
    double height = (c->max_lr - in->base) * scale;
    return in->base + height * (c->mode == TRIANGULAR ? 1 : c->mode == TRIANGULAR2 ? 1 / pow(2, cycle - 1) : pow(c->gamma, s));
}

static const struct hone_scheduler cyclic = {
    .item = HONE_ITEM(struct hone_scheduler, HONE_SCHEDULER, "cyclic", "triangles between two values",
                      "As torch.optim.lr_scheduler.CyclicLR with base_lr = learningRate; momentum is not cycled.", params, struct conf, 0, NULL),
    .value = value,
};

HONE_DEFINE_PLUGIN("cyclic", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &cyclic.item);
