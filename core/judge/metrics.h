/* Metric plugins over predictions: states are fed block by block, merged in order, and resampled for intervals. Not the
 * definitions of metrics: those are plugins. Called by the task evaluate and by tests. */
#ifndef JUDGE_METRICS_H
#define JUDGE_METRICS_H
#include "core/base/pool.h"
#include "core/host/registry.h"
#include "core/judge/stats.h"
#include "hone/metric.h"

struct judged_metric {
    const struct hone_metric *plugin;
    void *conf;               /* its settings block */
    int asked;                /* 0: run beside those that were asked for */
    int64_t n_outputs;
    double *value;            /* [n_outputs], NaN where it is not defined */
    struct interval interval; /* of value[0]; NaN when there were too few rows or too little memory */
    const char *method;       /* "wilson" or "bootstrap"; NULL without an interval */
    /* private */
    int64_t state_size;
    double *state, *piece, *replicas; /* [state_size], the same, [replicates][state_size] */
};

struct metric_set {
    struct judged_metric *v;
    int64_t n;
    int64_t replicates;       /* of the bootstrap; 0: none */
    uint64_t seed;
    struct pool *pool;
};

/* Metrics by name from a list of strings (NULL or empty: accuracy, precision, recall, f1_score), and `loss` beside them
 * when it is there. ERR_NOT_FOUND names the unknown one with a near name; HONE_EINVAL for a list that is none.
 * Zero-initialise; free in any case. */
int metrics_open(struct metric_set *s, struct registry *registry, const cJSON *criteria, struct hone_err *err);
/* Adds one; conf (taken, may be NULL) belongs to its settings. */
int metrics_add(struct metric_set *s, const struct hone_metric *m, void *conf, int asked, struct hone_err *err);
/* Makes the states for n rows of that width. Pool may be NULL. */
int metrics_start(struct metric_set *s, int64_t n, int64_t width, uint64_t seed, struct pool *pool, struct hone_err *err);
/* A block of rows; the arguments of struct block_sink, arg is the set. */
int metrics_block(void *arg, const struct hone_scored *block, int64_t first, struct hone_err *err);
/* Values and bootstrap intervals. HONE_EINVAL, naming the metric, when a plugin's result() fails. */
int metrics_finish(struct metric_set *s, int64_t width, struct hone_err *err);
/* The one of that name, NULL when absent. */
const struct judged_metric *metrics_get(const struct metric_set *s, const char *name);
void metrics_free(struct metric_set *s);

#endif
