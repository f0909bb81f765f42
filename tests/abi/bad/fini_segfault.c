/* Crashes when it is told of the end. */
#include "bad.h"
#include <signal.h>

static void end(void)
{
    raise(SIGSEGV);
}
BAD_OPTIMIZER(descend);
HONE_DEFINE_PLUGIN("bad", "1", "Apache-2.0", "", NULL, end, &bad.item);
