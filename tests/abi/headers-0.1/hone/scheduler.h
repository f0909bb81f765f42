/* hone/scheduler.h: the value of a setting (the learning rate) as a function of the step. Warm-up and chains are put
 * together by the host: a scheduler sees steps counted from the end of the warm-up.
 * History: 0.1 first. */
#ifndef HONE_SCHEDULER_H
#define HONE_SCHEDULER_H
#include "hone/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

struct hone_sched_in {
    int64_t step;   /* 0 for the step about to be taken first */
    int64_t total;  /* planned steps, or -1 when unknown */
    int64_t epoch;  /* 0 first */
    double base;    /* the configured value */
    double metric;  /* observe(): the value of the monitored metric, smaller is better; else NaN */
};

struct hone_scheduler {
    struct hone_item item;
    const char *const *state_names; /* one name a checkpointed double, NULL-terminated; NULL: no state */
    /* The value to use. Defined for every step >= 0, beyond total too. The host keeps it within the setting's range.
     * state is zeroed before the first step. [main pure] */
    double (*value)(const struct hone_sched_in *, const void *conf, const double *state);
    /* After each evaluation. Optional. [main] */
    int (*observe)(const struct hone_sched_in *, const void *conf, double *state, struct hone_err *);
};

#ifdef __cplusplus
}
#endif
#endif
