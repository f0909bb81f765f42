/* A default lies outside of its range. */
#include "bad.h"

static const struct hone_param table[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, 0, 11, 0, 10, "step size"),
};
static const struct hone_optimizer bad = { .item = BAD_HEAD(table), .update = descend };
BAD_PLUGIN(NULL);
