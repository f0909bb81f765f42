/* A metric that is a weighted mean over rows: its state is {sum of w x, sum of w}. Included by such metrics. */
#ifndef METRICS_MEAN_H
#define METRICS_MEAN_H
#include <math.h>
#include "hone/metric.h"

static inline int64_t mean_state_size(const void *conf, int64_t width)
{
    (void)conf;
    (void)width;
    return 2;
}

/* NAN without a row that weighs. */
__attribute__((unused)) static inline int mean_result(const double *state, int64_t width, const void *conf, double *out, struct hone_err *err)
{
    (void)width;
    (void)conf;
    (void)err;
    out[0] = state[1] > 0 ? state[0] / state[1] : NAN;
    return 0;
}

/* Adds score(answer, expected) of the rows of a metric that needs those two texts. */
__attribute__((unused)) static inline void mean_of_texts(const struct hone_scored *s,
                                                         double (*score)(const struct hone_string *answer, const struct hone_string *expected), double *state)
{
    const struct hone_string *answer = s->column[0].v, *expected = s->column[1].v;
    for (int64_t i = 0; i < s->n; i++) {
        double w = s->weight ? (double)s->weight[i] : 1;
        state[0] += w * score(answer + i, expected + i);
        state[1] += w;
    }
}

#endif
