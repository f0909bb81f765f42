/* Jumps out of init() to a place that is gone. */
#include "bad.h"
#include <setjmp.h>

static jmp_buf gone;

__attribute__((constructor, noinline)) static void remember(void)
{
    volatile char room[512] = "";
    if (setjmp(gone))
        __builtin_trap();
    (void)room[0];
}

static int begin(const struct hone_host *host, struct hone_err *err)
{
    (void)host, (void)err;
    longjmp(gone, 1);
}
BAD_OPTIMIZER(descend);
BAD_PLUGIN(begin);
