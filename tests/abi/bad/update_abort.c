/* Gives up in update(). */
#include "bad.h"
#include <stdlib.h>

static void spoil(const struct hone_span *s)
{
    (void)s;
    abort();
}
BAD_OPTIMIZER(spoil);
BAD_PLUGIN(NULL);
