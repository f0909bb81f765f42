/* Crashes before anybody asked it for anything. */
#include "bad.h"

__attribute__((constructor)) static void early(void)
{
    volatile int *volatile nowhere = NULL;
    *nowhere = 1;
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(NULL);
