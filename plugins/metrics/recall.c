/* Metric "recall": of the rows that expect an output, the share that got it. */
#include "counts.h"

static const char *const outputs[] = { "recall", NULL };

static double score(double right, double predicted, double expected)
{
    (void)predicted;
    return expected > 0 ? right / expected : 0;
}

static int result(const double *state, int64_t width, const void *conf, double *out, struct hone_err *err)
{
    (void)err;
    out[0] = counts_average(state, width, conf, score);
    return 0;
}

static const struct hone_metric recall = {
    .item = HONE_ITEM(struct hone_metric, HONE_METRIC, "recall", "share of an output's rows that were found",
                      "right / expected by output, averaged; 0 for an output that was predicted but never expected.", params, struct conf, HONE_M_HIGHER | HONE_M_UNIT | HONE_M_ALIKE, NULL),
    .outputs = outputs, .state_size = state_size, .update = update, .result = result,
};

HONE_DEFINE_PLUGIN("recall", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &recall.item);
