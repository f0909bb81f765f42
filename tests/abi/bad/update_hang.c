/* Never returns from update(). */
#include "bad.h"
#include <unistd.h>

static void spoil(const struct hone_span *s)
{
    descend(s);
    for (;;)
        pause();
}
BAD_OPTIMIZER(spoil);
BAD_PLUGIN(NULL);
