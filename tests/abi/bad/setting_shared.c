/* Two settings share their place. */
#include "bad.h"

static const struct hone_param table[] = {
    { "lr", HONE_REAL, 0, 0.1, 0, 10, NULL, NULL, "step size", 0, 0 },
    { "momentum", HONE_REAL, 0, 0.9, 0, 1, NULL, NULL, "share of the last step", 0, 0 },
};
static const struct hone_optimizer bad = { .item = BAD_HEAD(table), .update = descend };
BAD_PLUGIN(NULL);
