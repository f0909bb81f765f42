/* Its item's name is not an identifier. */
#include "bad.h"

static const struct hone_optimizer bad = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "../Bad name", "a bad plugin", NULL, settings, struct conf, 0,
                      NULL),
    .update = descend,
};
BAD_PLUGIN(NULL);
