/* Throws an exception out of init(). */
extern "C" {
#include "bad.h"
}

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    throw 1;
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
