/* Metric "brier": squared error of the probabilities (Brier 1950, "Verification of forecasts expressed in terms of probability"). */
#include <math.h>
#include "hone/metric.h"
#include "mean.h"

static const char *const outputs[] = { "brier", NULL };

/* sum_k (p_k - y_k)^2 = sum_k p_k^2 - 2 p_label + 1. */
static void update(const struct hone_scored *s, const void *conf, double *state)
{
    (void)conf;
    for (int64_t i = 0; i < s->n; i++) {
        const float *p = s->prob + i * s->width;
        double w = s->weight ? (double)s->weight[i] : 1, error = s->label[i] < 0 ? 1 : 1 - 2 * (double)p[s->label[i]];
        for (int64_t k = 0; k < s->width; k++)
            error += (double)p[k] * (double)p[k];
        state[0] += w * error;
        state[1] += w;
    }
}

static const struct hone_metric brier = {
    .item = HONE_ITEM_PLAIN(struct hone_metric, HONE_METRIC, "brier", "squared error of the probabilities, 0 to 2",
                            "mean over rows of sum_k (p_k - [k = label])^2, over all outputs, one that the model does not know among them with probability 0. For two outputs it is twice what is often called so.", 0),
    .outputs = outputs, .state_size = mean_state_size, .update = update, .result = mean_result,
};

HONE_DEFINE_PLUGIN("brier", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &brier.item);
