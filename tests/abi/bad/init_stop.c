/* Stops its own process. */
#include "bad.h"
#include <signal.h>
#include <unistd.h>

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    return kill(getpid(), SIGSTOP);
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
