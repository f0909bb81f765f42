/* Blocks signals. */
#include "bad.h"
#include <signal.h>

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    sigset_t all;
    sigfillset(&all);
    return sigprocmask(SIG_BLOCK, &all, NULL);
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
