/* Takes over a signal. */
#include "bad.h"
#include <signal.h>

static void spoil(const struct hone_span *s)
{
    signal(SIGTERM, SIG_IGN);
    descend(s);
}
BAD_OPTIMIZER(spoil);
BAD_PLUGIN(NULL);
