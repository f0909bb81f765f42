/* A way of learning that wants more state than any machine has. */
#include "hone/paradigm.h"
#include <stdint.h>

struct conf {
    double unused;
};
static const struct hone_param settings[] = { HONE_ROW(struct conf, unused, HONE_REAL, 0, 0, 0, 1, "nothing") };

static int loss(const void *conf, const struct hone_rows *r, struct hone_loss *l, float *d, struct hone_err *err)
{
    (void)conf, (void)d, (void)err;
    l->weight = (double)r->n;
    return 0;
}
static int64_t more(const void *conf, int64_t width)
{
    (void)conf, (void)width;
    return INT64_MAX;
}
static const struct hone_paradigm bad = {
    .item = HONE_ITEM(struct hone_paradigm, HONE_PARADIGM, "bad_state", "a bad plugin", NULL, settings, struct conf, 0, NULL), .loss = loss, .state_more = more,
};
HONE_DEFINE_PLUGIN("bad", "1", "Apache-2.0", "", NULL, NULL, &bad.item);
