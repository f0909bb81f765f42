/* The evaluation object of the document from measured parts. Computes scores, grade and tables; the sentences are
 * advice.c's. Every formula stands in docs/evaluation.md. Called by the task evaluate. */
#ifndef JUDGE_EVALUATE_H
#define JUDGE_EVALUATE_H
#include <cjson/cJSON.h>
#include "core/judge/curves.h"
#include "core/judge/lesson.h"
#include "core/judge/metrics.h"
#include "core/judge/predictions.h"
#include "core/judge/tally.h"

struct growth_curve;
struct growth;

struct findings {
    const struct predictions *p;
    const struct examples *test;
    const struct metric_set *metrics;
    const struct tally *tally;
    const struct curve_verdict *curves;
    const struct lesson *lesson;  /* NULL: the training rows are not at hand */
    const cJSON *config;          /* the job's resolved configuration, or NULL */
    const struct growth *growth;  /* models on parts of the training rows, or NULL */
    const struct growth_curve *curve; /* of all rows; NULL: none was measured */
};

/* 100 x the mean of the asked metrics whose results lie in 0..1 (1 - value where lower is better), one decimal; the
 * accuracy of `tally` when none of them does. [any, pure] */
double evaluate_score(const struct metric_set *s, const struct tally *t);
/* "A" from 90, "B" from 80, "C" from 70, "D" from 60, else "F". [any, pure] */
const char *evaluate_grade(double score);
/* Adds evaluation, analysis, strengths, weaknesses, recommendations, metrics, outputs, confused, calibration, abstention,
 * slices, errors and (with growth) learning_curve to result. HONE_ENOMEM. */
int evaluate_put(cJSON *result, const struct findings *f, struct hone_err *err);

#endif
