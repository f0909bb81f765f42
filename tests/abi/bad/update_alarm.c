/* Lets a timer end its process. */
#include "bad.h"
#include <unistd.h>

static void spoil(const struct hone_span *s)
{
    alarm(1);
    for (;;)
        pause();
    (void)s;
}
BAD_OPTIMIZER(spoil);
BAD_PLUGIN(NULL);
