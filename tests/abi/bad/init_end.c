/* Ends the process with _exit(). */
#include "bad.h"
#include <unistd.h>

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    _exit(0);
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
