/* Metric "accuracy": the weighted share of predictions that are right. */
#include <math.h>
#include "hone/metric.h"
#include "mean.h"

static const char *const outputs[] = { "accuracy", NULL };

static void update(const struct hone_scored *s, const void *conf, double *state)
{
    (void)conf;
    for (int64_t i = 0; i < s->n; i++) {
        double w = s->weight ? (double)s->weight[i] : 1;
        state[0] += w * (s->predicted[i] >= 0 && s->predicted[i] == s->label[i]);
        state[1] += w;
    }
}

static const struct hone_metric accuracy = {
    .item = HONE_ITEM_PLAIN(struct hone_metric, HONE_METRIC, "accuracy", "share of right predictions",
                            "sum of w_i [prediction = label] / sum of w_i. An abstention, or a label that the model does not know, is "
                            "wrong.", HONE_M_HIGHER | HONE_M_UNIT | HONE_M_ALIKE),
    .outputs = outputs, .state_size = mean_state_size, .update = update, .result = mean_result,
};

HONE_DEFINE_PLUGIN("accuracy", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &accuracy.item);
