/* Metric "loss": the mean negative logarithm of the probability that was given to the right output. */
#include <math.h>
#include "hone/metric.h"
#include "mean.h"

#define LEAST 1.1920928955078125e-7 /* 2^-23: what a float probability near 0 can still tell */

static const char *const outputs[] = { "loss", NULL };

static void update(const struct hone_scored *s, const void *conf, double *state)
{
    (void)conf;
    for (int64_t i = 0; i < s->n; i++) {
        double w = s->weight ? (double)s->weight[i] : 1;
        double p = s->label[i] < 0 ? 0 : (double)s->prob[i * s->width + s->label[i]];
        p = p < LEAST ? LEAST : p > 1 - LEAST ? 1 - LEAST : p;
        state[0] -= w * log(p);
        state[1] += w;
    }
}

static const struct hone_metric loss = {
    .item = HONE_ITEM_PLAIN(struct hone_metric, HONE_METRIC, "loss", "mean log loss",
                            "-sum of w_i ln p_i / sum of w_i, p_i the probability of the label, kept within 2^-23 and 1 - 2^-23; a label "
                            "that the model does not know has probability 0.", 0),
    .outputs = outputs, .state_size = mean_state_size, .update = update, .result = mean_result,
};

HONE_DEFINE_PLUGIN("loss", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &loss.item);
