/* The seccomp filter of sandbox.h. Private to core/host. */
#ifndef HOST_SANDBOX_CALLS_H
#define HOST_SANDBOX_CALLS_H
#include "core/base/err.h"

/* See sandbox_calls(). 0 too where it is absent. */
int sandbox_filter(int forks, struct hone_err *err);
/* Whether $HONE_SANDBOX says "off", for debuggers and tools that stand between a program and the kernel. */
int sandbox_off(void);
/* Why there is no filter here (static), or NULL when there is. */
const char *sandbox_filter_absent(void);

#endif
