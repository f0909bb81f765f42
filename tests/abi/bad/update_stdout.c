/* Prints in update(). */
#include "bad.h"
#include <stdio.h>

static void spoil(const struct hone_span *s)
{
    printf("step %lld\n", (long long)s->step);
    descend(s);
}
BAD_OPTIMIZER(spoil);
BAD_PLUGIN(NULL);
