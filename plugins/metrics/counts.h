/* Counts by output, which precision, recall and F1 are made of, and their averages. Definitions and the treatment of empty
 * denominators (0) follow scikit-learn: the outputs that count are those that were expected or predicted. */
#ifndef METRICS_COUNTS_H
#define METRICS_COUNTS_H
#include <math.h>
#include "hone/metric.h"

struct conf {
    int64_t average;
};
enum { MACRO, MICRO, WEIGHTED };
static const char *const averages[] __attribute__((unused)) = { "macro", "micro", "weighted", NULL };
static const struct hone_param params[] __attribute__((unused)) = {
    HONE_ROW_CHOICE(struct conf, average, 0, MACRO, averages, "mean over outputs, over all counts, or over outputs by their rows"),
};

/* Output k has right[k], predicted[k], expected[k]; k = width stands for every output that the model does not know, and
 * an abstention is a prediction of none. */
static int64_t state_size(const void *conf, int64_t width)
{
    (void)conf;
    return 3 * (width + 1);
}

static void update(const struct hone_scored *s, const void *conf, double *state)
{
    (void)conf;
    for (int64_t i = 0; i < s->n; i++) {
        double w = s->weight ? (double)s->weight[i] : 1;
        int64_t label = s->label[i] < 0 ? s->width : s->label[i];
        state[3 * label + 2] += w;
        if (s->predicted[i] < 0)
            continue;
        state[3 * (int64_t)s->predicted[i] + 1] += w;
        if (s->predicted[i] == s->label[i])
            state[3 * label] += w;
    }
}

/* The score of one output, or of summed counts. */
typedef double counts_score(double right, double predicted, double expected);

static inline double counts_average(const double *state, int64_t width, const void *conf, counts_score *score)
{
    int64_t average = ((const struct conf *)conf)->average;
    double sum = 0, weight = 0, right = 0, predicted = 0, expected = 0;
    for (int64_t k = 0; k <= width; k++) {
        const double *c = state + 3 * k;
        if (c[1] == 0 && c[2] == 0)
            continue;
        double w = average == WEIGHTED ? c[2] : 1;
        sum += w * score(c[0], c[1], c[2]);
        weight += w;
        right += c[0];
        predicted += c[1];
        expected += c[2];
    }
    if (weight == 0)
        return NAN;
    return average == MICRO ? score(right, predicted, expected) : sum / weight;
}

#endif
