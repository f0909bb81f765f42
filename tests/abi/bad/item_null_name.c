/* Its item has no name. */
#include "bad.h"

static const struct hone_optimizer bad = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, NULL, "a bad plugin", NULL, settings, struct conf, 0, NULL), .update = descend,
};
BAD_PLUGIN(NULL);
