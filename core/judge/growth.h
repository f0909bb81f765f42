/* What more examples would bring: the errors of models that were trained on nested parts of the training rows, a power law through them,
 * and how sure its forecast is. Trains nothing (core/worker/subsets.c does). Formulas and sources: docs/evaluation.md. Called by the task
 * evaluate, advice.c and tests. */
#ifndef JUDGE_GROWTH_H
#define JUDGE_GROWTH_H
#include <stdint.h>
#include <cjson/cJSON.h>
#include "core/base/err.h"
#include "core/judge/stats.h"

#define GROWTH_SIZES 5
#define GROWTH_DRAWS 2
#define GROWTH_FACTOR 2.0     /* the forecast is for that many times the rows */
#define GROWTH_REPLICATES 1000
#define GROWTH_MIN_ROWS 20    /* answered rows below which no curve is drawn */
#define GROWTH_SEED 0
#define GROWTH_MISFIT 0.02    /* root of the mean squared residual above which the law does not hold */

/* Who answered what right. Sizes rise; the last is all rows. Zero-initialise; growth_free(). */
struct growth {
    int64_t sizes, n;         /* n: rows that all models answered; none of them trained any */
    double rows[GROWTH_SIZES], share[GROWTH_SIZES];
    int64_t draws[GROWTH_SIZES];
    uint8_t *right[GROWTH_SIZES][GROWTH_DRAWS]; /* [n] 1: as expected */
    int32_t *expected;        /* [n] the agent's number of the expected output; anything >= its width for others */
    const char *source;       /* "held_out", "fold" */
    int64_t visits, limit;    /* training rows x epochs that it took, and that were allowed (0: any) */
    char why[240];            /* why nothing was measured; "": it was */
};
void growth_free(struct growth *g);

/* error = a + b rows^-c. */
struct growth_curve {
    double a, b, c, residual;         /* residual: root of the mean of its squares */
    struct interval a_range, b_range, c_range;
    double rows[GROWTH_SIZES], accuracy[GROWTH_SIZES]; /* measured; mean of the draws */
    struct interval range[GROWTH_SIZES];
    int drawn;                        /* accuracy and range are there, also where there is no law */
    int64_t sizes, n;
    double more, forecast, gain;      /* rows, accuracy there, and that minus the law's accuracy at all rows */
    struct interval forecast_range, gain_range;
    double foretold;                  /* accuracy at all rows by the law through the other sizes; NaN with fewer than 4 */
    char why[200];                    /* why there is no law: a to c, forecast and gain are NaN then; "": there is one */
};
/* The law through the sizes, of all rows (output < 0) or of those that expect an output, which `taught` training rows teach. Intervals by the
 * bootstrap over answered rows and draws. HONE_ENOMEM. [any] */
int growth_fit(const struct growth *g, int32_t output, double taught, uint64_t seed, struct growth_curve *c, struct hone_err *err);
/* Least squares with weights w over n >= 3 points, a and b at least 0, c within 0.05 .. 2: *residual is unweighted. [any, pure] */
void growth_law(const double *rows, const double *error, const double *w, int64_t n, double *a, double *b, double *c, double *residual);
/* {source, rows, points, fit, forecast, check, why, row_visits}; curve NULL when nothing was measured. */
cJSON *growth_json(const struct growth *g, const struct growth_curve *curve);

#endif
