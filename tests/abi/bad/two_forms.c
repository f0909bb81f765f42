/* Has two update rules. */
#include "bad.h"

static int descend_whole(const struct hone_span *s, const struct hone_tensor_info *t, void *scratch, struct hone_err *e)
{
    (void)t, (void)scratch, (void)e;
    descend(s);
    return 0;
}
static const struct hone_optimizer bad = { .item = BAD_HEAD(settings), .update = descend, .update_tensor = descend_whole };
BAD_PLUGIN(NULL);
