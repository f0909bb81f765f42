/* Gives a reason that is no text. */
#include "bad.h"
#include <string.h>

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    memcpy(err->text, "a\xff\x01z", 5);
    return HONE_EIO;
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
