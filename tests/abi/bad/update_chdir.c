/* Changes the working directory. */
#include "bad.h"
#include <unistd.h>

static void spoil(const struct hone_span *s)
{
    (void)!chdir("/usr");
    descend(s);
}
BAD_OPTIMIZER(spoil);
BAD_PLUGIN(NULL);
