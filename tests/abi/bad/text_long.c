/* Its description is longer than any. */
#include "bad.h"

static const char brief[20000] = { [0 ... 19998] = 'a' };
static const struct hone_optimizer bad = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "bad", brief, NULL, settings, struct conf, 0, NULL), .update = descend,
};
BAD_PLUGIN(NULL);
