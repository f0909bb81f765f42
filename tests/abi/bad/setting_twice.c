/* Declares a setting twice. */
#include "bad.h"

static const struct hone_param table[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, 0, 0.1, 0, 10, "step size"),
    HONE_ROW(struct conf, lr, HONE_REAL, 0, 0.2, 0, 10, "step size again"),
};
static const struct hone_optimizer bad = { .item = BAD_HEAD(table), .update = descend };
BAD_PLUGIN(NULL);
