/* Its own check refuses its defaults. */
#include "bad.h"

static int refuse(const void *conf, struct hone_err *err)
{
    return hone_fail(err, HONE_EINVAL, "lr is %g, which it must not be", ((const struct conf *)conf)->lr);
}
static const struct hone_optimizer bad = {
    .item = HONE_ITEM(struct hone_optimizer, HONE_OPTIMIZER, "bad", "a bad plugin", NULL, settings, struct conf, 0, refuse),
    .update = descend,
};
BAD_PLUGIN(NULL);
