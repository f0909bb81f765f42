/* Ends the process in update(), as if all was well. */
#include "bad.h"
#include <stdlib.h>

static void spoil(const struct hone_span *s)
{
    descend(s);
    exit(0);
}
BAD_OPTIMIZER(spoil);
BAD_PLUGIN(NULL);
