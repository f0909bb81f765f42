/* Metric "mrr": mean reciprocal rank (Voorhees 1999, "The TREC-8 question answering track report"). */
#include <math.h>
#include "mean.h"
#include "ranks.h"

static const char *const outputs[] = { "mrr", NULL };

static void update(const struct hone_scored *s, const void *conf, double *state)
{
    (void)conf;
    for (int64_t i = 0; i < s->n; i++) {
        double w = s->weight ? (double)s->weight[i] : 1;
        int64_t rank = rank_of(s, i);
        state[0] += rank > 0 ? w / (double)rank : 0;
        state[1] += w;
    }
}

static const struct hone_metric mrr = {
    .item = HONE_ITEM_PLAIN(struct hone_metric, HONE_METRIC, "mrr", "mean reciprocal rank of the label",
                            "mean of 1 / rank of the label by probability; 0 for a label that the model does not know.", HONE_M_HIGHER | HONE_M_UNIT),
    .outputs = outputs, .state_size = mean_state_size, .update = update, .result = mean_result,
};

HONE_DEFINE_PLUGIN("mrr", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &mrr.item);
