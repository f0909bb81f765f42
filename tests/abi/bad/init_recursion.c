/* Runs out of stack in init(). */
#include "bad.h"

static int deeper(volatile int *from)
{
    volatile int here[1024];
    here[0] = *from + 1;
    return here[0] < 0 ? 0 : deeper(here) + here[1];
}

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    volatile int start = 0;
    return deeper(&start);
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
