/* Takes a terabyte for granted. */
#include "bad.h"
#include <stdlib.h>
#include <string.h>

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    size_t size = (size_t)1 << 40;
    char *p = (char *)malloc(size);
    memset(p, 1, 4096);
    return 0;
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
