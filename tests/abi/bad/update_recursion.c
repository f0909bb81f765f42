/* Runs out of stack in update(). */
#include "bad.h"

static int deeper(volatile int *from)
{
    volatile int here[1024];
    here[0] = *from + 1;
    return here[0] < 0 ? 0 : deeper(here) + here[1];
}

static void spoil(const struct hone_span *s)
{
    volatile int start = 0;
    s->param[0] += (float)deeper(&start);
}
BAD_OPTIMIZER(spoil);
BAD_PLUGIN(NULL);
