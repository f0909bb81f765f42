/* Metric "f1_score": the harmonic mean of precision and recall (van Rijsbergen, 1979, "Information retrieval"). */
#include "counts.h"

static const char *const outputs[] = { "f1_score", NULL };

static double score(double right, double predicted, double expected)
{
    return predicted + expected > 0 ? 2 * right / (predicted + expected) : 0;
}

static int result(const double *state, int64_t width, const void *conf, double *out, struct hone_err *err)
{
    (void)err;
    out[0] = counts_average(state, width, conf, score);
    return 0;
}

static const struct hone_metric f1_score = {
    .item = HONE_ITEM(struct hone_metric, HONE_METRIC, "f1_score", "harmonic mean of precision and recall",
                      "2 right / (predicted + expected) by output, averaged.", params, struct conf, HONE_M_HIGHER | HONE_M_UNIT | HONE_M_ALIKE, NULL),
    .outputs = outputs, .state_size = state_size, .update = update, .result = result,
};

HONE_DEFINE_PLUGIN("f1_score", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &f1_score.item);
