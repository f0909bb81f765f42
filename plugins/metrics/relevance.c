/* Metric "relevance": how alike the answer of a row is to what was expected, by chrF of the two texts, in the mean. */
#include "chrf.h"
#include "mean.h"

static const char *const outputs[] = { "relevance", NULL };

/* NAN without memory. */
static double score(const struct hone_string *answer, const struct hone_string *expected)
{
    struct grams g[CHRF_ORDERS];
    if (answer->len == expected->len && memcmp(answer->bytes, expected->bytes, (size_t)answer->len) == 0)
        return 1;
    return chrf_count(answer, expected, g) < 0 ? (double)NAN : chrf_score(g);
}

static void update(const struct hone_scored *s, const void *conf, double *state)
{
    (void)conf;
    mean_of_texts(s, score, state);
}

static const struct hone_metric relevance = {
    .item = HONE_ITEM_PLAIN(struct hone_metric, HONE_METRIC, "relevance", "how alike the answer is to what was expected",
                            "Mean over rows of chrF (see chrf) of the answer and the expected text of the row; 0 for a row without an answer.", HONE_M_HIGHER | HONE_M_UNIT | HONE_M_ALIKE),
    .outputs = outputs, .state_size = mean_state_size, .update = update, .result = mean_result, .needs = text_needs,
};

HONE_DEFINE_PLUGIN("relevance", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &relevance.item);
