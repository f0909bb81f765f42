/* Closes descriptors that are not its own. */
#include "bad.h"
#include <unistd.h>

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    for (int fd = 0; fd < 1024; fd++)
        close(fd);
    return 0;
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
