/* A setting lies outside of the settings block. */
#include "bad.h"

static const struct hone_param table[] = {
    { "lr", HONE_REAL, 0, 0.1, 0, 10, NULL, NULL, "step size", 4096, 0 },
};
static const struct hone_optimizer bad = { .item = BAD_HEAD(table), .update = descend };
BAD_PLUGIN(NULL);
