/* Metric "word_error_rate": words inserted, deleted and substituted to turn the answers into the expected texts, by expected words. */
#include "grams.h"
#include "mean.h"

static const char *const outputs[] = { "word_error_rate", NULL };

static void update(const struct hone_scored *s, const void *conf, double *state)
{
    (void)conf;
    for (int64_t i = 0; i < s->n; i++) {
        struct tokens a = { 0 }, b = { 0 };
        double w = s->weight ? (double)s->weight[i] : 1;
        int64_t d = tokens_blanks(&a, text_of(s, 0, i)) < 0 || tokens_blanks(&b, text_of(s, 1, i)) < 0 ? -1 : tokens_distance(&a, &b);
        state[0] += d < 0 ? (double)NAN : w * (double)d;
        state[1] += w * (double)b.n;
        free(a.v);
        free(b.v);
    }
}

static const struct hone_metric word_error_rate = {
    .item = HONE_ITEM_PLAIN(struct hone_metric, HONE_METRIC, "word_error_rate", "edits of words by expected words",
                            "sum of the least numbers of words inserted, deleted or substituted / sum of expected words. Words are what blanks part. May be "
                            "above 1.", HONE_M_ALIKE),
    .outputs = outputs, .state_size = mean_state_size, .update = update, .result = mean_result, .needs = text_needs,
};

HONE_DEFINE_PLUGIN("word_error_rate", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &word_error_rate.item);
