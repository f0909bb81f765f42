/* A setting lies at an odd place. */
#include "bad.h"

static const struct hone_param table[] = {
    { "lr", HONE_REAL, 0, 0.1, 0, 10, NULL, NULL, "step size", 4, 0 },
};
static const struct hone_optimizer bad = { .item = BAD_HEAD(table), .update = descend };
BAD_PLUGIN(NULL);
