/* Changes the working directory. */
#include "bad.h"
#include <unistd.h>

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    return chdir("/usr");
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
