/* Changes the mask for new files. */
#include "bad.h"
#include <sys/stat.h>

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    umask(0);
    return 0;
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
