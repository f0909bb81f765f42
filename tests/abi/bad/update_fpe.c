/* Divides by zero in update(). */
#include "bad.h"

static void spoil(const struct hone_span *s)
{
    volatile int zero = 0;
    s->param[0] = (float)(7 / zero);
    descend(s);
}
BAD_OPTIMIZER(spoil);
BAD_PLUGIN(NULL);
