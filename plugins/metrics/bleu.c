/* Metric "bleu": corpus BLEU (Papineni et al. 2002, "BLEU: a method for automatic evaluation of machine translation") with the tokens and
 * the exponential smoothing that scores are commonly reported with (Post 2018). */
#include "thirteen_a.h"

#define ORDERS 4
static const char *const outputs[] = { "bleu", NULL };

/* Matches and n-grams of answers by order, then the lengths of answers and of what was expected. */
static int64_t state_size(const void *conf, int64_t width)
{
    (void)conf;
    (void)width;
    return 2 * ORDERS + 2;
}

static void update(const struct hone_scored *s, const void *conf, double *state)
{
    (void)conf;
    for (int64_t i = 0; i < s->n; i++) {
        struct tokens a = { 0 }, b = { 0 };
        struct grams g[ORDERS];
        double w = s->weight ? (double)s->weight[i] : 1;
        if (tokens_thirteen_a(&a, text_of(s, 0, i)) < 0 || tokens_thirteen_a(&b, text_of(s, 1, i)) < 0 || grams_match(&a, &b, ORDERS, g) < 0) {
            state[0] = NAN;
        } else {
            for (int n = 0; n < ORDERS; n++) {
                state[2 * n] += w * g[n].matches;
                state[2 * n + 1] += w * g[n].answer;
            }
            state[2 * ORDERS] += w * (double)a.n;
            state[2 * ORDERS + 1] += w * (double)b.n;
        }
        free(a.v);
        free(b.v);
    }
}

static int result(const double *state, int64_t width, const void *conf, double *out, struct hone_err *err)
{
    double logs = 0, smooth = 1, answer = state[2 * ORDERS], expected = state[2 * ORDERS + 1];
    (void)width;
    (void)conf;
    (void)err;
    out[0] = isnan(state[0]) ? (double)NAN : 0;
    if (!(state[0] > 0))
        return 0;
    for (int n = 0; n < ORDERS; n++) {
        double matches = state[2 * n], all = state[2 * n + 1];
        if (!(all > 0))
            return 0;
        if (!(matches > 0))
            smooth *= 2;
        logs += log(matches > 0 ? matches / all : 1 / (smooth * all)) / ORDERS;
    }
    out[0] = exp(logs) * (answer < expected ? exp(1 - expected / answer) : 1);
    return 0;
}

static const struct hone_metric bleu = {
    .item = HONE_ITEM_PLAIN(struct hone_metric, HONE_METRIC, "bleu", "n-grams of the expected text that the answer has, over all rows",
                            "exp(mean of ln p_n, n = 1..4) min(1, exp(1 - expected / answer tokens)), p_n the clipped share of the answers' n-grams; an order "
                            "without a match counts as half, a quarter, ... of one. Tokens of mteval-v13a, case kept. 0 when no token matches.",
                            HONE_M_HIGHER | HONE_M_UNIT | HONE_M_ALIKE),
    .outputs = outputs, .state_size = state_size, .update = update, .result = result, .needs = text_needs,
};

HONE_DEFINE_PLUGIN("bleu", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &bleu.item);
