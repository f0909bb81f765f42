/* Sets a flag that no optimizer has. */
#include "bad.h"

static const struct hone_optimizer bad = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "bad", "a bad plugin", NULL, settings, struct conf, 64, NULL),
    .update = descend,
};
BAD_PLUGIN(NULL);
