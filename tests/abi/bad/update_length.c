/* Begins a frame of four gigabytes. */
#include "bad.h"
#include <unistd.h>

static void spoil(const struct hone_span *s)
{
    (void)!write(3, "\xff\xff\xff\xff{", 5);
    descend(s);
}
BAD_OPTIMIZER(spoil);
BAD_PLUGIN(NULL);
