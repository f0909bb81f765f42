/* Crashes in update(). */
#include "bad.h"

static void spoil(const struct hone_span *s)
{
    volatile int *volatile nowhere = NULL;
    *nowhere = 1;
    descend(s);
}
BAD_OPTIMIZER(spoil);
BAD_PLUGIN(NULL);
