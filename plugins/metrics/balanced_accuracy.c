/* Metric "balanced_accuracy": the mean of the recalls of the outputs that were expected (Brodersen et al. 2010, "The balanced accuracy
 * and its posterior distribution"). */
#include "counts.h"

static const char *const outputs[] = { "balanced_accuracy", NULL };

static int result(const double *state, int64_t width, const void *conf, double *out, struct hone_err *err)
{
    double sum = 0, n = 0;
    (void)conf;
    (void)err;
    for (int64_t k = 0; k <= width; k++) {
        const double *c = state + 3 * k;
        if (c[2] > 0) {
            sum += c[0] / c[2];
            n++;
        }
    }
    out[0] = n > 0 ? sum / n : NAN;
    return 0;
}

static const struct hone_metric balanced_accuracy = {
    .item = HONE_ITEM_PLAIN(struct hone_metric, HONE_METRIC, "balanced_accuracy", "mean recall of the outputs that were expected",
                            "sum over expected outputs of right / expected, divided by their number. All outputs that the model does not know are "
                            "one output that is never found.", HONE_M_HIGHER | HONE_M_UNIT | HONE_M_ALIKE),
    .outputs = outputs, .state_size = state_size, .update = update, .result = result,
};

HONE_DEFINE_PLUGIN("balanced_accuracy", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &balanced_accuracy.item);
