/* Metric "precision": of the predictions of an output, the share that is right. */
#include "counts.h"

static const char *const outputs[] = { "precision", NULL };

static double score(double right, double predicted, double expected)
{
    (void)expected;
    return predicted > 0 ? right / predicted : 0;
}

static int result(const double *state, int64_t width, const void *conf, double *out, struct hone_err *err)
{
    (void)err;
    out[0] = counts_average(state, width, conf, score);
    return 0;
}

static const struct hone_metric precision = {
    .item = HONE_ITEM(struct hone_metric, HONE_METRIC, "precision", "share of right ones among an output's predictions",
                      "right / predicted by output, averaged; 0 for an output that was never predicted.", params, struct conf, HONE_M_HIGHER | HONE_M_UNIT | HONE_M_ALIKE, NULL),
    .outputs = outputs, .state_size = state_size, .update = update, .result = result,
};

HONE_DEFINE_PLUGIN("precision", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &precision.item);
