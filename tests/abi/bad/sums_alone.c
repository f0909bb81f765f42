/* Asks for sums and does not compute them. */
#include "bad.h"

static const struct hone_optimizer bad = { .item = BAD_HEAD(settings), .n_sums = 2, .update = descend };
BAD_PLUGIN(NULL);
