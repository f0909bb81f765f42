/* Metric "rouge": words, pairs of words, and the longest common subsequence that answer and expected text share (Lin 2004, "ROUGE: a
 * package for automatic evaluation of summaries"), as F1, in the mean over rows. */
#include "grams.h"

static const char *const outputs[] = { "rouge_l", "rouge_1", "rouge_2", NULL };
static const struct hone_text_service *service;

static int init(const struct hone_host *host, struct hone_err *err)
{
    service = host->get(host, "hone.text/1");
    return service ? 0 : hone_fail(err, HONE_ENOSYS, "the host does not offer hone.text/1");
}

static int64_t state_size(const void *conf, int64_t width)
{
    (void)conf;
    (void)width;
    return 4;
}

static double f1(double matches, double answer, double expected)
{
    return matches > 0 ? 2 * matches / (answer + expected) : 0;
}

static void update(const struct hone_scored *s, const void *conf, double *state)
{
    (void)conf;
    for (int64_t i = 0; i < s->n; i++) {
        struct tokens a = { 0 }, b = { 0 };
        struct grams g[2];
        double w = s->weight ? (double)s->weight[i] : 1;
        int64_t common = -1;
        if (tokens_words(&a, text_of(s, 0, i), service) == 0 && tokens_words(&b, text_of(s, 1, i), service) == 0 && grams_match(&a, &b, 2, g) == 0)
            common = tokens_common(&a, &b);
        state[0] += common < 0 ? (double)NAN : w * f1((double)common, (double)a.n, (double)b.n);
        state[1] += common < 0 ? (double)NAN : w * f1(g[0].matches, g[0].answer, g[0].expected);
        state[2] += common < 0 ? (double)NAN : w * f1(g[1].matches, g[1].answer, g[1].expected);
        state[3] += w;
        free(a.v);
        free(b.v);
    }
}

static int result(const double *state, int64_t width, const void *conf, double *out, struct hone_err *err)
{
    (void)width;
    (void)conf;
    (void)err;
    for (int k = 0; k < 3; k++)
        out[k] = state[3] > 0 ? state[k] / state[3] : NAN;
    return 0;
}

static const struct hone_metric rouge = {
    .item = HONE_ITEM_PLAIN(struct hone_metric, HONE_METRIC, "rouge", "words that answer and expected text share",
                            "Mean over rows of 2 m / (answer + expected): m the words of the longest common subsequence (rouge_l), the words (rouge_1) or pairs of "
                            "words (rouge_2) that both have. Words are folded, punctuation is left out; 0 without a match.",
                            HONE_M_HIGHER | HONE_M_UNIT | HONE_M_ALIKE),
    .outputs = outputs, .state_size = state_size, .update = update, .result = result, .needs = text_needs,
};

HONE_DEFINE_PLUGIN("rouge", "0.1.0", "Apache-2.0", "Hone", init, NULL, &rouge.item);
