/* Closes descriptors that are not its own. */
#include "bad.h"
#include <unistd.h>

static void spoil(const struct hone_span *s)
{
    for (int fd = 0; fd < 1024; fd++)
        close(fd);
    descend(s);
}
BAD_OPTIMIZER(spoil);
BAD_PLUGIN(NULL);
