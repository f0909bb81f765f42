/* Runs side by side: metrics with ranks, tests on the rows that all answered, who wins and whether that is certain, what to do. The
 * document's compareTrainingRuns. Rules and formulas stand in docs/evaluation.md. Called by the task compare and by tests. */
#ifndef JUDGE_COMPARE_H
#define JUDGE_COMPARE_H
#include <cjson/cJSON.h>
#include "core/base/pool.h"
#include "core/judge/curves.h"

#define COMPARE_RUNS 10

enum compare_metric {
    COMPARE_ACCURACY, COMPARE_LOSS, COMPARE_VALIDATION_ACCURACY, COMPARE_VALIDATION_LOSS, COMPARE_TRAINING_TIME, COMPARE_CONVERGENCE_SPEED,
    COMPARE_FINAL_PERFORMANCE, COMPARE_STABILITY, COMPARE_COST_EFFICIENCY, COMPARE_METRICS
};

struct compared_run {
    const char *id;
    const cJSON *config, *results;   /* of the job; may be NULL */
    const struct curve_row *history;
    int64_t n_history;
    int64_t outputs;                 /* distinct ones */
    double baseline;                 /* share of the commonest output in its training rows, 0 when not known */
    const uint8_t *right;            /* [rows], NULL without common rows */
    const double *loss;              /* [rows] -ln of the probability of what was expected */
    double value[COMPARE_METRICS];   /* filled by compare_measure(); NaN: not known */
};

struct comparison {
    struct compared_run *run;
    int64_t k;                       /* 2 .. COMPARE_RUNS */
    int64_t rows;                    /* common ones */
    const char *why_no_rows;         /* a sentence when there are none */
    const cJSON *metrics;            /* list of names or NULL: all */
    int tests, advice;               /* statistical_tests, generate_recommendations */
    double alpha, margin;            /* of the tests; of equivalence, in accuracy */
    uint64_t seed;
    struct pool *pool;
};

/* The values of a run. [any, pure] */
void compare_measure(struct compared_run *run, int64_t rows);
/* Adds runs, metric_comparisons, statistical_analysis, overall_ranking, winner, winner_reason and recommendations. HONE_EINVAL for
 * an unknown metric, with a near name; HONE_ENOMEM. */
int compare_put(cJSON *result, const struct comparison *c, struct hone_err *err);

/* compare_tests.c: the object statistical_analysis; null without rows or when no tests are wanted. *certain: 1 when the best run
 * differs significantly from the next one. order[k]: runs, best first. */
int compare_tests(cJSON *result, const struct comparison *c, const int *order, int *certain, struct hone_err *err);
/* compare_advice.c */
void compare_advice(cJSON *result, const struct comparison *c, const int *order, int certain);
const char *compare_metric_name(enum compare_metric m);
int compare_higher(enum compare_metric m);

#endif
