/* Writes into every descriptor that it finds. */
#include "bad.h"
#include <unistd.h>

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    static const char text[] = "\xff\x00{garbage\n";
    for (int fd = 3; fd < 64; fd++)
        (void)!write(fd, text, sizeof text);
    return 0;
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
