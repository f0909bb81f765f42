/* Gives a reason that has no end. */
#include "bad.h"
#include <string.h>

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    memset(err->text, 'x', sizeof err->text);
    return HONE_EIO;
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
