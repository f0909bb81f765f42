/* A choice without choices. */
#include "bad.h"

static const struct hone_param table[] = {
    HONE_ROW(struct conf, lr, HONE_CHOICE, 0, 0, 0, 0, "which step"),
};
static const struct hone_optimizer bad = { .item = BAD_HEAD(table), .update = descend };
BAD_PLUGIN(NULL);
