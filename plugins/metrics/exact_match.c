/* Metric "exact_match": the share of answers whose text is the expected one (Rajpurkar et al. 2016), but for blanks. */
#include "grams.h"
#include "mean.h"

static const char *const outputs[] = { "exact_match", NULL };

/* Whether the two read the same. */
static double score(const struct hone_string *answer, const struct hone_string *expected)
{
    struct tokens a = { 0 }, b = { 0 };
    double same = NAN;
    if (tokens_blanks(&a, answer) == 0 && tokens_blanks(&b, expected) == 0)
        same = a.n == b.n && memcmp(a.v, b.v, (size_t)a.n * sizeof *a.v) == 0;
    free(a.v);
    free(b.v);
    return same;
}

static void update(const struct hone_scored *s, const void *conf, double *state)
{
    (void)conf;
    mean_of_texts(s, score, state);
}

static const struct hone_metric exact_match = {
    .item = HONE_ITEM_PLAIN(struct hone_metric, HONE_METRIC, "exact_match", "share of answers that read as expected",
                            "Mean of [answer = expected], blanks at the ends left out and runs of blanks taken as one.", HONE_M_HIGHER | HONE_M_UNIT | HONE_M_ALIKE),
    .outputs = outputs, .state_size = mean_state_size, .update = update, .result = mean_result, .needs = text_needs,
};

HONE_DEFINE_PLUGIN("exact_match", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &exact_match.item);
