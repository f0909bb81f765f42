/* A range whose end lies before its beginning. */
#include "bad.h"

static const struct hone_param table[] = {
    HONE_ROW(struct conf, lr, HONE_REAL, 0, 0.1, 10, 0, "step size"),
};
static const struct hone_optimizer bad = { .item = BAD_HEAD(table), .update = descend };
BAD_PLUGIN(NULL);
