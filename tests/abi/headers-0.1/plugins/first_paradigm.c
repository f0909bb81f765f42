/* Paradigm "first_paradigm": what an example teaches. This one is the squared distance of the softmax from the expected output (the Brier score). */
#include <math.h>
#include "hone/paradigm.h"

/* Loss of rows and the gradient of its sum. Rows must not depend on one another. */
static int loss(const void *conf, const struct hone_rows *r, struct hone_loss *sum, float *d_scores, struct hone_err *err)
{
    (void)conf;
    (void)err;
    for (int64_t i = 0; i < r->n; i++) {
        const float *s = r->scores + i * r->width;
        float *d = d_scores ? d_scores + i * r->width : NULL;
        double top = (double)s[0], total = 0, brier = 0, along = 0, w = (double)r->weight[i];
        for (int64_t k = 0; d && k < r->width; k++)
            d[k] = 0;
        if (r->target[i] < 0 || r->feedback[i] == HONE_INCORRECT || w == 0)
            continue;
        for (int64_t k = 1; k < r->width; k++)
            top = fmax(top, (double)s[k]);
        for (int64_t k = 0; k < r->width; k++)
            total += exp((double)s[k] - top);
        for (int64_t k = 0; k < r->width; k++) {
            double p = exp((double)s[k] - top) / total, off = p - (k == r->target[i]);
            brier += off * off;
            along += 2 * off * p;
        }
        for (int64_t k = 0; d && k < r->width; k++) {
            double p = exp((double)s[k] - top) / total, off = p - (k == r->target[i]);
            d[k] = (float)(w * p * (2 * off - along));
        }
        sum->loss += w * brier;
        sum->weight += w;
    }
    return 0;
}

static const struct hone_paradigm first_paradigm = {
    .item = HONE_ITEM_PLAIN(struct hone_paradigm, HONE_PARADIGM, "first_paradigm", "one line for lists", "Longer text, with the source.", 0),
    .loss = loss,
};

HONE_DEFINE_PLUGIN("first_paradigm", "0.1", "Apache-2.0", "", NULL, NULL, &first_paradigm.item);
