/* Metric "chrf": chrF over all rows, the counts of n-grams summed first. */
#include "chrf.h"

static const char *const outputs[] = { "chrf", NULL };

static int64_t state_size(const void *conf, int64_t width)
{
    (void)conf;
    (void)width;
    return 3 * CHRF_ORDERS;
}

static void update(const struct hone_scored *s, const void *conf, double *state)
{
    (void)conf;
    for (int64_t i = 0; i < s->n; i++) {
        struct grams g[CHRF_ORDERS];
        double w = s->weight ? (double)s->weight[i] : 1;
        if (chrf_count(text_of(s, 0, i), text_of(s, 1, i), g) < 0) {
            state[0] = NAN;
            continue;
        }
        for (int n = 0; n < CHRF_ORDERS; n++) {
            state[3 * n] += w * g[n].matches;
            state[3 * n + 1] += w * g[n].answer;
            state[3 * n + 2] += w * g[n].expected;
        }
    }
}

static int result(const double *state, int64_t width, const void *conf, double *out, struct hone_err *err)
{
    struct grams g[CHRF_ORDERS];
    (void)width;
    (void)conf;
    (void)err;
    for (int n = 0; n < CHRF_ORDERS; n++)
        g[n] = (struct grams){ state[3 * n], state[3 * n + 1], state[3 * n + 2] };
    out[0] = isnan(state[0]) || !(state[2] > 0) ? (double)NAN : chrf_score(g);
    return 0;
}

static const struct hone_metric chrf = {
    .item = HONE_ITEM_PLAIN(struct hone_metric, HONE_METRIC, "chrf", "character n-grams that answer and expected text share, over all rows",
                            "5 P R / (4 P + R) of the mean precision P and recall R of character n-grams, n = 1..6, over the orders that both sides have; blanks "
                            "are left out.", HONE_M_HIGHER | HONE_M_UNIT | HONE_M_ALIKE),
    .outputs = outputs, .state_size = state_size, .update = update, .result = result, .needs = text_needs,
};

HONE_DEFINE_PLUGIN("chrf", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &chrf.item);
