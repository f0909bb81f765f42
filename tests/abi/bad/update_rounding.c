/* Changes the rounding mode in update(). */
#include "bad.h"
#include <fenv.h>

static void spoil(const struct hone_span *s)
{
    fesetround(FE_DOWNWARD);
    descend(s);
}
BAD_OPTIMIZER(spoil);
BAD_PLUGIN(NULL);
