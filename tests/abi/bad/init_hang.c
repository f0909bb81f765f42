/* Never returns from init(). */
#include "bad.h"

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    for (volatile int i = 0;; i++)
        continue;
    return 0;
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
