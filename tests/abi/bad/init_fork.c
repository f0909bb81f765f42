/* Makes processes without end, or as many as it may. */
#include "bad.h"
#include <unistd.h>

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    int n = 0;
    while (n < 64 && fork() > 0)
        n++;
    return n ? 0 : hone_fail(err, HONE_EIO, "it is not permitted to make a process");
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
