/* A way of learning whose losses are no numbers. */
#include "hone/paradigm.h"
#include <math.h>

struct conf {
    double unused;
};
static const struct hone_param settings[] = { HONE_ROW(struct conf, unused, HONE_REAL, 0, 0, 0, 1, "nothing") };

static int loss(const void *conf, const struct hone_rows *r, struct hone_loss *l, float *d, struct hone_err *err)
{
    (void)conf, (void)err;
    for (int64_t i = 0; d && i < r->n * r->width; i++)
        d[i] = NAN;
    l->loss = NAN;
    l->weight = -1;
    return 0;
}
static const struct hone_paradigm bad = {
    .item = HONE_ITEM(struct hone_paradigm, HONE_PARADIGM, "bad_nan", "a bad plugin", NULL, settings, struct conf, 0, NULL), .loss = loss,
};
HONE_DEFINE_PLUGIN("bad", "1", "Apache-2.0", "", NULL, NULL, &bad.item);
