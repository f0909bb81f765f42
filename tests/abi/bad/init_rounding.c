/* Changes the rounding mode. */
#include "bad.h"
#include <fenv.h>

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    return fesetround(FE_UPWARD);
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
