/* Metric plugins over predictions: states are fed block by block, merged in order, and resampled for intervals. Not the
 * definitions of metrics: those are plugins. Called by the task evaluate and by tests. */
#ifndef JUDGE_METRICS_H
#define JUDGE_METRICS_H
#include "core/base/pool.h"
#include "core/host/registry.h"
#include "core/judge/predictions.h"
#include "core/judge/stats.h"
#include "hone/metric.h"

struct judged_metric {
    const struct hone_metric *plugin;
    void *conf;               /* its settings block */
    char *label;              /* as it was asked for: "f1_score", or "f1_score:average=micro" */
    int asked;                /* 0: run beside those that were asked for */
    int64_t n_outputs;
    double *value;            /* [n_outputs], NaN where it is not defined */
    struct interval *interval;/* [n_outputs]; NaN when there were too few rows or too little memory */
    const char *method;       /* of the headline's interval: "bootstrap" or "influence"; NULL without an interval */
    /* private */
    int64_t state_size;
    int small;                /* contributions of single rows are kept for a block and summed */
    double *state, *piece, *replicas; /* [state_size], the same, [replicates][state_size] */
};

struct metric_set {
    struct judged_metric *v;
    int64_t n;
    int64_t replicates;       /* of the bootstrap; 0: none */
    uint64_t seed;
    struct pool *pool;
    const struct hone_host *host; /* lent to whole(); set by metrics_open() */
    const char *rules;        /* NULL, or the operator's file for metrics that have a setting `rules`; set before metrics_open() */
    float *prob;              /* private: [n][width], kept for a whole() that needs it */
};

/* What is known of the rows beside the answers. */
struct metric_rows {
    struct predictions *p;
    const struct examples *test; /* NULL: no texts of inputs */
    int32_t *edited;             /* [p->n][edits] or NULL */
    int64_t edits;
    double *latency_ms;          /* [p->n] or NULL */
    double *nats, *tokens, *characters; /* [p->n] of the expected answers of an agent that writes (predictor_expected()), or NULL */
};

/* Metrics by a list whose elements are names, "name:setting=value:..." or {name, options} (NULL or empty: accuracy, precision,
 * recall, f1_score), and `loss` beside them when it is there. HONE_EINVAL names the unknown one with a near name, or what is no
 * list. Zero-initialise; free in any case. */
int metrics_open(struct metric_set *s, struct registry *registry, const cJSON *criteria, struct hone_err *err);
/* Fills nats, tokens and characters of an agent that writes, where a metric of the set looks at them; free them, also after a failure. */
int metrics_expected(struct metric_rows *rows, const struct metric_set *s, struct predictor *agent, void (*beat)(void *), void *beat_arg,
                     struct hone_err *err);
/* HONE_EINVAL when a metric of written answers was asked for of an agent that chooses. */
int metrics_for_choices(const struct metric_set *s, struct hone_err *err);
/* Takes out what cannot be measured of an agent that writes; HONE_EINVAL when that was asked for. Before metrics_start(). */
int metrics_for_texts(struct metric_set *s, struct hone_err *err);
/* Adds one; conf (taken, may be NULL) belongs to its settings; label is copied, NULL: the plugin's name. */
int metrics_add(struct metric_set *s, const struct hone_metric *m, void *conf, const char *label, int asked, struct hone_err *err);
/* Whether a metric of the set looks at that column. [any, pure] */
int metrics_need(const struct metric_set *s, const char *column);
/* Makes the states for n rows of that width. Pool may be NULL. ERR_PRECONDITION when a metric wants more than 1 GiB of
 * probabilities. */
int metrics_start(struct metric_set *s, int64_t n, int64_t width, uint64_t seed, struct pool *pool, struct hone_err *err);
/* A block of rows; the arguments of struct block_sink, arg is the set. Blocks come in order and without gaps. */
int metrics_block(void *arg, const struct hone_scored *block, int64_t first, struct hone_err *err);
/* Values and intervals, when all rows were seen. HONE_EINVAL, naming the metric, when a plugin's result() fails. */
int metrics_finish(struct metric_set *s, int64_t width, const struct metric_rows *rows, struct hone_err *err);
/* The first of that plugin name, NULL when absent. */
const struct judged_metric *metrics_get(const struct metric_set *s, const char *name);
void metrics_free(struct metric_set *s);

/* Private to metrics.c and metrics_whole.c: values and intervals of the metrics of the two other kinds; result() of a state; the
 * intervals from the replicates' states. */
int metrics_alike(struct metric_set *s, int64_t width, const struct metric_rows *rows, struct hone_err *err);
int metrics_whole(struct metric_set *s, const struct metric_rows *rows, struct hone_err *err);
int metrics_result(const struct judged_metric *m, int64_t width, const double *state, double *out, struct hone_err *err);
int metrics_intervals(struct judged_metric *m, int64_t replicates, int64_t width, struct hone_err *err);

#endif
