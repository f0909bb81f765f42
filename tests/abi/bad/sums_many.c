/* Wants more sums than there are. */
#include "bad.h"

static void add(const struct hone_span *s, double *sums)
{
    (void)s, (void)sums;
}
static const struct hone_optimizer bad = { .item = BAD_HEAD(settings), .update = descend, .n_sums = 1000, .sum = add };
BAD_PLUGIN(NULL);
