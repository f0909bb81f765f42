/* See average.h. */
#include <stdlib.h>
#include <string.h>
#include "core/train/average.h"
#include "core/train/plan.h"

struct average_work {
    float *to;
    const float *from;
    float share;
};

static void average_task(void *arg, int64_t begin, int64_t end)
{
    const struct average_work *w = arg;
    for (int64_t i = begin; i < end; i++)
        w->to[i] = w->share < 1 ? w->to[i] + w->share * (w->from[i] - w->to[i]) : w->from[i];
}

/* average += share (parameters - average); 1 takes them as they are. */
static int move(struct run *r, float share, struct hone_err *err)
{
    int ret = tensors_room(&r->learner.tensors, &r->average, "averaged weights", err);
    for (int64_t i = 0; i < r->learner.tensors.n && !ret; i++) {
        const struct tensor *t = &r->learner.tensors.t[i];
        struct average_work w = { r->average[i], t->param, share };
        pool_run(r->pool, t->n, 16384, average_task, &w);
    }
    r->averaged++;
    return ret;
}

int average_step(struct run *r, struct hone_err *err)
{
    if (strcmp(r->config.weight_averaging, "ema") != 0)
        return 0;
    return move(r, r->averaged == 0 ? 1 : (float)(1 - r->config.averaging_decay), err);
}

int average_epoch(struct run *r, struct hone_err *err)
{
    if (strcmp(r->config.weight_averaging, "swa") != 0 || (double)(r->state.step - r->state.phase_step) < r->config.averaging_start * (double)plan_steps(r))
        return 0;
    return move(r, 1 / (float)(r->averaged + 1), err);
}
