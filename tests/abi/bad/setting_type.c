/* A setting has an unknown type. */
#include "bad.h"

static const struct hone_param table[] = {
    HONE_ROW(struct conf, lr, 17, 0, 0.1, 0, 10, "step size"),
};
static const struct hone_optimizer bad = { .item = BAD_HEAD(table), .update = descend };
BAD_PLUGIN(NULL);
