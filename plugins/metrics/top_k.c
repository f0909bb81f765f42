/* Metrics "top_k" and "hit_at_k", one for classifiers' and one for rankings' users: the share of rows whose label is among the k
 * outputs of the highest probability. */
#include <math.h>
#include "mean.h"
#include "ranks.h"

struct conf {
    int64_t k;
};
static const struct hone_param params[] = { HONE_ROW(struct conf, k, HONE_INT, 0, 5, 1, 1000000, "how many of the best outputs count") };

static const char *const top_outputs[] = { "top_k", NULL };
static const char *const hit_outputs[] = { "hit_at_k", NULL };

static void update(const struct hone_scored *s, const void *conf, double *state)
{
    int64_t k = ((const struct conf *)conf)->k;
    for (int64_t i = 0; i < s->n; i++) {
        double w = s->weight ? (double)s->weight[i] : 1;
        int64_t rank = rank_of(s, i);
        state[0] += w * (rank > 0 && rank <= k);
        state[1] += w;
    }
}

#define TOP(name_, outputs_) { \
    .item = HONE_ITEM(struct hone_metric, HONE_METRIC, name_, "share of rows with the label among the k best outputs", \
                      "mean of [rank of the label <= k]; 0 for a label that the model does not know.", params, struct conf, \
                      HONE_M_HIGHER | HONE_M_UNIT, NULL), \
    .outputs = outputs_, .state_size = mean_state_size, .update = update, .result = mean_result }
static const struct hone_metric top_k = TOP("top_k", top_outputs);
static const struct hone_metric hit_at_k = TOP("hit_at_k", hit_outputs);

HONE_DEFINE_PLUGIN("top_k", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &top_k.item, &hit_at_k.item);
