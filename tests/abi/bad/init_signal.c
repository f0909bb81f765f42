/* Installs a signal handler. */
#include "bad.h"
#include <signal.h>

static void ignore(int sig)
{
    (void)sig;
}

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    signal(SIGTERM, ignore);
    return 0;
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
