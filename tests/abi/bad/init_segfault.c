/* Crashes in init(). */
#include "bad.h"

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    volatile int *volatile nowhere = NULL;
    return *nowhere;
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
