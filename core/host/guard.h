/* What plugin code must leave as it found it: the floating-point environment, the locale, signal handlers and mask.
 * Not a sandbox. Put around init() by the registry and the probe. */
#ifndef HOST_GUARD_H
#define HOST_GUARD_H
#include <fenv.h>
#include <signal.h>
#include "core/base/err.h"

#define GUARD_SIGNALS 32

struct guard {
    fenv_t fenv;
    int rounding;
    unsigned control; /* flush-to-zero and exception masks, where the machine has them */
    char locale[64];
    sigset_t mask;
    struct sigaction handler[GUARD_SIGNALS];
};

/* Notes the present state. */
void guard_enter(struct guard *g);
/* Restores what was changed. 0, or ERR_PLUGIN with a sentence "WHO changed ..." (`who`: "x.so: init()"). */
int guard_leave(const struct guard *g, const char *who, struct hone_err *err);

#endif
