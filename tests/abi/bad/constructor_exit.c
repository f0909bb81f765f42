/* Ends the process while it is loaded. */
#include "bad.h"
#include <unistd.h>

__attribute__((constructor)) static void at_load(void)
{
    _exit(0);
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(NULL);
