/* What the curves of a training run say: did it converge, does it overfit, does it underfit, how much of its time was
 * used. Rules with stated thresholds (docs/evaluation.md), each verdict with the numbers it stands on. Knows nothing of
 * predictions. Called by evaluate.c through the task and by tests. */
#ifndef JUDGE_CURVES_H
#define JUDGE_CURVES_H
#include <stdint.h>
#include <cjson/cJSON.h>
#include "core/base/err.h"

/* One row of the history; NaN for what was not measured. */
struct curve_row {
    double epoch, loss, accuracy, validation_loss, validation_accuracy, elapsed_ms;
    int best; /* the row says that it was the best so far */
};

#define CURVE_WHY 240

struct curve_verdict {
    const char *convergence; /* "converged", "converging", "not_converged", "diverging"; NULL without rows */
    const char *overfitting; /* "none", "low", "moderate", "high"; NULL when nothing was held out */
    const char *underfitting;/* the same scale; NULL when no training accuracy is known */
    double efficiency;       /* 0-100; NaN when there is nothing to measure it by */
    int64_t served;          /* index of the best row by the monitored loss, -1 without rows */
    int64_t fast;            /* epochs until 95 % of the improvement was there, 0 when not known */
    double gap;              /* training accuracy - validation accuracy at `served`, NaN when not known */
    double gain;             /* validation accuracy that further epochs would add, by the last steps' ratio; 0: none */
    char why_convergence[CURVE_WHY], why_overfitting[CURVE_WHY], why_underfitting[CURVE_WHY], why_efficiency[CURVE_WHY];
};

/* Reads a list of epoch rows as the worker sends them. *rows is allocated (free()), NULL for an empty list or NULL.
 * HONE_EINVAL when an element is no object. */
int curves_from_json(const cJSON *history, struct curve_row **rows, int64_t *n, struct hone_err *err);
/* start_loss: the loss before the first step, NaN when not known. baseline: the share of the commonest output, 0 when
 * not known. [any, pure] */
void curves_judge(const struct curve_row *rows, int64_t n, double start_loss, double baseline, struct curve_verdict *v);

#endif
