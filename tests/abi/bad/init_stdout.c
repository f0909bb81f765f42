/* Greets on standard output. */
#include "bad.h"
#include <stdio.h>

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    printf("Welcome to the bad plugin!\n");
    return 0;
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
