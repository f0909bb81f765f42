/* Stops its own process. */
#include "bad.h"
#include <signal.h>
#include <unistd.h>

static void spoil(const struct hone_span *s)
{
    kill(getpid(), SIGSTOP);
    descend(s);
}
BAD_OPTIMIZER(spoil);
BAD_PLUGIN(NULL);
