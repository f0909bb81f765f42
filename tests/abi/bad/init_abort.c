/* Aborts in init(). */
#include "bad.h"
#include <stdlib.h>

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    abort();
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
