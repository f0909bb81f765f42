/* Runs into an instruction that there is not. */
#include "bad.h"

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    __builtin_trap();
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
