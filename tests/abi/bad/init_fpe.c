/* Divides by zero in init(). */
#include "bad.h"

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    volatile int zero = 0;
    return 7 / zero;
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
