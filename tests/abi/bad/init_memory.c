/* Takes a terabyte for granted. */
#include "bad.h"
#include <stdlib.h>

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    size_t size = (size_t)1 << 40;
    volatile char *p = (volatile char *)malloc(size);
    p[0] = 1;
    return p[1];
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
