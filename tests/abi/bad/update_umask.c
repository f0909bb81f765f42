/* Changes the mask for new files. */
#include "bad.h"
#include <sys/stat.h>

static void spoil(const struct hone_span *s)
{
    umask(0);
    descend(s);
}
BAD_OPTIMIZER(spoil);
BAD_PLUGIN(NULL);
