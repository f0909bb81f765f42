/* Paradigm "supervised": the loss of cross_entropy.h over the rows as they are given. */
#include "plugins/paradigms/cross_entropy.h"

static const struct hone_param params[] = { CROSS_ENTROPY_ROWS };

static int loss(const void *conf, const struct hone_rows *r, struct hone_loss *out, float *d_scores, struct hone_err *err)
{
    return cross_entropy_loss(conf, r, out, d_scores, err);
}

static const struct hone_paradigm supervised = {
    .item = HONE_ITEM(struct hone_paradigm, HONE_PARADIGM, "supervised", "learns the expected outputs",
                      "Cross-entropy with label smoothing; examples marked partial count less, those marked incorrect push away "
                      "from their output.",
                      params, struct cross_entropy, 0, NULL),
    .loss = loss,
};

HONE_DEFINE_PLUGIN("supervised", "0.1.0", "Apache-2.0", "Hone", NULL, NULL, &supervised.item);
