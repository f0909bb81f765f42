/* Overwrites what the allocator keeps beside its blocks. */
#include "bad.h"
#include <stdlib.h>
#include <string.h>

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    char *volatile p[64];
    for (int i = 0; i < 64; i++)
        p[i] = (char *)malloc(24);
    for (int i = 0; i < 64; i++)
        memset(p[i] - 16, 0xa5, 64);
    for (int i = 0; i < 64; i++)
        free(p[i]);
    return 0;
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
