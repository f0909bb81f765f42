/* Never returns from init() and takes no signals. */
#include "bad.h"
#include <signal.h>
#include <unistd.h>

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    for (;;)
        pause();
    return 0;
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
