/* The learning rate of a step: warm-up, then a scheduler plugin. */
#ifndef TRAIN_SCHEDULE_H
#define TRAIN_SCHEDULE_H
#include "core/base/err.h"
#include "hone/scheduler.h"

struct schedule {
    const struct hone_scheduler *item;
    void *conf;            /* owned */
    double *state;         /* [n_state] */
    int64_t n_state;
    double base;           /* configured rate */
    double factor;         /* halved after each divergence; 1 at first */
    int64_t warmup, total; /* steps */
};

/* Takes conf, also on failure. */
int schedule_open(struct schedule *s, const struct hone_scheduler *item, void *conf, double base, int64_t warmup, int64_t total,
                  struct hone_err *err);
/* The rate of step (0 first): base x step / warmup while warming up, as in the field's transformers library, then the scheduler's
 * value, steps counted from the end of the warm-up. Never below 0. */
double schedule_rate(const struct schedule *s, int64_t step, int64_t epoch);
/* After an evaluation; metric is smaller when better. */
int schedule_observe(struct schedule *s, int64_t step, int64_t epoch, double metric, struct hone_err *err);
void schedule_close(struct schedule *s);

#endif
