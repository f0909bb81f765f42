/* Sums that Matthews' correlation and Cohen's kappa are made of. Abstentions are a prediction of their own, labels that the model
 * does not know a label of their own. */
#ifndef METRICS_AGREEMENT_H
#define METRICS_AGREEMENT_H
#include "counts.h"

struct agreement {
    double n, right;                                 /* weights */
    double both, predicted_squares, expected_squares; /* sum over outputs of predicted expected, predicted^2, expected^2 */
};

static struct agreement agreement_of(const double *state, int64_t width)
{
    struct agreement a = { 0 };
    double predicted = 0;
    for (int64_t k = 0; k <= width; k++) {
        const double *c = state + 3 * k;
        a.right += c[0];
        a.n += c[2];
        predicted += c[1];
        a.both += c[1] * c[2];
        a.predicted_squares += c[1] * c[1];
        a.expected_squares += c[2] * c[2];
    }
    a.predicted_squares += (a.n - predicted) * (a.n - predicted);
    return a;
}

#endif
