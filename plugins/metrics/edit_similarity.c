/* Metric "edit_similarity": how little has to be edited to turn the answer into the expected text (Levenshtein 1966). */
#include "grams.h"
#include "mean.h"

static const char *const outputs[] = { "edit_similarity", NULL };

/* NAN without memory. */
static double score(const struct hone_string *answer, const struct hone_string *expected)
{
    struct tokens a = { 0 }, b = { 0 };
    double similar = NAN;
    if (tokens_characters(&a, answer, 0) == 0 && tokens_characters(&b, expected, 0) == 0) {
        int64_t longer = a.n > b.n ? a.n : b.n, d = tokens_distance(&a, &b);
        similar = d < 0 ? (double)NAN : longer > 0 ? 1 - (double)d / (double)longer : 1;
    }
    free(a.v);
    free(b.v);
    return similar;
}

static void update(const struct hone_scored *s, const void *conf, double *state)
{
    (void)conf;
    mean_of_texts(s, score, state);
}

static const struct hone_metric edit_similarity = {
    .item = HONE_ITEM_PLAIN(struct hone_metric, HONE_METRIC, "edit_similarity", "1 - edits between answer and expected text, by length",
                            "Mean of 1 - d / max(length): d the least number of characters inserted, deleted or substituted; 1 for two empty texts.", HONE_M_HIGHER | HONE_M_UNIT | HONE_M_ALIKE),
    .outputs = outputs, .state_size = mean_state_size, .update = update, .result = mean_result, .needs = text_needs,
};

HONE_DEFINE_PLUGIN("edit_similarity", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &edit_similarity.item);
