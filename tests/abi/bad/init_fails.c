/* Its init() says no. */
#include "bad.h"

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    return hone_fail(err, HONE_EIO, "the coffee machine does not answer");
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
