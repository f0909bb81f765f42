/* Never comes back while it is loaded. */
#include "bad.h"
#include <unistd.h>

__attribute__((constructor)) static void at_load(void)
{
    for (;;)
        pause();
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(NULL);
