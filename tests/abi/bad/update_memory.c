/* Takes memory until there is no more, and takes it for granted. */
#include "bad.h"
#include <stdlib.h>
#include <string.h>

static void spoil(const struct hone_span *s)
{
    for (;;)
        memset(malloc(1 << 20), 1, 1 << 20);
    (void)s;
}
BAD_OPTIMIZER(spoil);
BAD_PLUGIN(NULL);
