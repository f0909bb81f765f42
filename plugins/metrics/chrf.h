/* chrF (Popovic 2015, "chrF: character n-gram F-score for automatic MT evaluation"): orders 1 to 6, beta 2, blanks left out. */
#ifndef METRICS_CHRF_H
#define METRICS_CHRF_H
#include "grams.h"

#define CHRF_ORDERS 6

/* matches, answer, expected by order. -1 without memory. */
static int chrf_count(const struct hone_string *answer, const struct hone_string *expected, struct grams g[CHRF_ORDERS])
{
    struct tokens a = { 0 }, b = { 0 };
    int rc = tokens_characters(&a, answer, 1) < 0 || tokens_characters(&b, expected, 1) < 0 || grams_match(&a, &b, CHRF_ORDERS, g) < 0 ? -1 : 0;
    free(a.v);
    free(b.v);
    return rc;
}

/* The F-score of the mean precision and recall over the orders that both sides have. */
static double chrf_score(const struct grams g[CHRF_ORDERS])
{
    double precision = 0, recall = 0, orders = 0;
    for (int n = 0; n < CHRF_ORDERS; n++) {
        if (!(g[n].answer > 0) || !(g[n].expected > 0))
            continue;
        precision += g[n].matches / g[n].answer;
        recall += g[n].matches / g[n].expected;
        orders++;
    }
    return precision + recall > 0 ? 5 * precision * recall / (orders * (4 * precision + recall)) : 0;
}

#endif
