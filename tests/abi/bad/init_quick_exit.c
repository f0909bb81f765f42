/* Ends the process with quick_exit(). */
#include "bad.h"
#include <stdlib.h>

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    quick_exit(3);
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
