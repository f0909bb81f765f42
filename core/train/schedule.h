/* The learning rate of a step: warm-up, then one scheduler plugin or several, one after the other. */
#ifndef TRAIN_SCHEDULE_H
#define TRAIN_SCHEDULE_H
#include <cjson/cJSON.h>
#include "core/base/err.h"
#include "core/host/registry.h"
#include "hone/scheduler.h"

enum { SCHEDULE_PARTS = 16 };
#define SCHEDULE_SEQUENCE "sequence" /* the name under which several schedulers are chosen; no plugin */

struct schedule_part {
    const struct hone_scheduler *item;
    void *conf;                         /* owned */
    const struct registry_plugin *from; /* or NULL */
    double at;                          /* where it begins, as given: steps behind the warm-up, below 1 their share */
    int64_t begin;                      /* the same in steps */
    int64_t n_state;
    double *state;                      /* [n_state], in the schedule's */
};

/* Zero-initialise. */
struct schedule {
    struct schedule_part part[SCHEDULE_PARTS];
    int n;
    double *state;         /* [n_state] of all parts */
    int64_t n_state;
    double base;           /* configured rate */
    double factor;         /* halved after each divergence; 1 at first */
    int64_t warmup, total; /* steps */
};

/* Appends a scheduler. Takes conf, also on failure. */
int schedule_add(struct schedule *s, const struct hone_scheduler *item, void *conf, const struct registry_plugin *from, double at,
                 struct hone_err *err);
/* Once all parts are there: steps, states. */
int schedule_start(struct schedule *s, double base, int64_t warmup, int64_t total, struct hone_err *err);
/* Begins again at step 0 of so many steps, with fresh states. */
void schedule_span(struct schedule *s, int64_t warmup, int64_t total);
/* The rate of step (0 first): base x step / warmup while warming up, as in the field's transformers library, then the value of the
 * part that the step falls into, steps counted from the end of the warm-up or the beginning of the part. Never below 0;
 * not finite when the scheduler's value is not. */
double schedule_rate(const struct schedule *s, int64_t step, int64_t epoch);
/* After an evaluation; metric is smaller when better. The present part sees it. */
int schedule_observe(struct schedule *s, int64_t step, int64_t epoch, double metric, struct hone_err *err);
void schedule_close(struct schedule *s);

/* ---- schedule_choose.c ---- */

/* Adds the scheduler called `type`, or for SCHEDULE_SEQUENCE those of the options {"schedulers": [name, ...], "milestones": [where
 * the second one begins, ...], "options": [{...}, ...]}. On failure s is to be closed. */
int schedule_choose(struct schedule *s, struct registry *r, const char *type, const cJSON *options, struct hone_err *err);
/* The options with every setting's value. */
cJSON *schedule_options(const struct schedule *s);

#endif
