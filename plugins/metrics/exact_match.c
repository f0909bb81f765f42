/* Metric "exact_match": the share of answers whose text is the expected one (Rajpurkar et al. 2016), but for blanks. */
#include "grams.h"

static const char *const outputs[] = { "exact_match", NULL };

static int64_t state_size(const void *conf, int64_t width)
{
    (void)conf;
    (void)width;
    return 2;
}

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
    for (int64_t i = 0; i < s->n; i++) {
        double w = s->weight ? (double)s->weight[i] : 1;
        state[0] += w * score(text_of(s, 0, i), text_of(s, 1, i));
        state[1] += w;
    }
}

static int result(const double *state, int64_t width, const void *conf, double *out, struct hone_err *err)
{
    (void)width;
    (void)conf;
    (void)err;
    out[0] = state[1] > 0 ? state[0] / state[1] : NAN;
    return 0;
}

static const struct hone_metric exact_match = {
    .item = HONE_ITEM_PLAIN(struct hone_metric, HONE_METRIC, "exact_match", "share of answers that read as expected",
                            "Mean of [answer = expected], blanks at the ends left out and runs of blanks taken as one.", HONE_M_HIGHER | HONE_M_UNIT | HONE_M_ALIKE),
    .outputs = outputs, .state_size = state_size, .update = update, .result = result, .needs = text_needs,
};

HONE_DEFINE_PLUGIN("exact_match", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &exact_match.item);
