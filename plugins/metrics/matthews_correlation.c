/* Metric "matthews_correlation": the correlation of predictions and labels (Matthews 1975), for several outputs as Gorodkin (2004,
 * "Comparing two K-category assignments by a K-category correlation coefficient"). */
#include "agreement.h"

static const char *const outputs[] = { "matthews_correlation", NULL };

static int result(const double *state, int64_t width, const void *conf, double *out, struct hone_err *err)
{
    struct agreement a = agreement_of(state, width);
    double under = (a.n * a.n - a.predicted_squares) * (a.n * a.n - a.expected_squares);
    (void)conf;
    (void)err;
    out[0] = !(a.n > 0) ? (double)NAN : under > 0 ? (a.right * a.n - a.both) / sqrt(under) : 0;
    return 0;
}

static const struct hone_metric matthews_correlation = {
    .item = HONE_ITEM_PLAIN(struct hone_metric, HONE_METRIC, "matthews_correlation", "correlation of predictions and labels",
                            "(right n - sum_k predicted_k expected_k) / sqrt((n^2 - sum_k predicted_k^2) (n^2 - sum_k expected_k^2)), 0 when either "
                            "side is constant.", HONE_M_HIGHER | HONE_M_ALIKE),
    .outputs = outputs, .state_size = state_size, .update = update, .result = result,
};

HONE_DEFINE_PLUGIN("matthews_correlation", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &matthews_correlation.item);
