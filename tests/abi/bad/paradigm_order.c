/* A way of learning that wants to see examples which there are not. */
#include "hone/paradigm.h"
#include <stdint.h>

struct conf {
    double unused;
};
static const struct hone_param settings[] = { HONE_ROW(struct conf, unused, HONE_REAL, 0, 0, 0, 1, "nothing") };

static int loss(const void *conf, const struct hone_rows *r, struct hone_loss *l, float *d, struct hone_err *err)
{
    (void)conf, (void)err;
    for (int64_t i = 0; d && i < r->n * r->width; i++)
        d[i] = 0;
    l->loss = 1;
    l->weight = (double)r->n;
    return 0;
}
static int order(const void *conf, uint64_t seed, int64_t epoch, int64_t n, int64_t *out, struct hone_err *err)
{
    (void)conf, (void)seed, (void)epoch, (void)err;
    for (int64_t i = 0; i < n; i++)
        out[i] = i % 2 ? INT64_MAX : -1;
    return 0;
}
static const struct hone_paradigm bad = {
    .item = HONE_ITEM(struct hone_paradigm, HONE_PARADIGM, "bad_order", "a bad plugin", NULL, settings, struct conf, 0, NULL), .loss = loss, .order = order,
};
HONE_DEFINE_PLUGIN("bad", "1", "Apache-2.0", "", NULL, NULL, &bad.item);
