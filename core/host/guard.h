/* What plugin code must leave as it found it: the floating-point environment, the locale, signal handlers and mask, timers, the mask for
 * new files, the working directory.
 * Not a sandbox. Put around init() by the registry and the probe. */
#ifndef HOST_GUARD_H
#define HOST_GUARD_H
#include <fenv.h>
#include <signal.h>
#include <sys/types.h>
#include "core/base/err.h"

#define GUARD_SIGNALS 32

struct guard {
    fenv_t fenv;
    int rounding;
    unsigned control; /* flush-to-zero and exception masks, where the machine has them */
    char locale[64];
    sigset_t mask;
    struct sigaction handler[GUARD_SIGNALS];
    mode_t umask;
    int cwd;          /* descriptor, or -1 */
};

/* Notes the present state; guard_leave() has to follow. */
void guard_enter(struct guard *g);
/* Restores what was changed. 0, or ERR_PLUGIN with a sentence "WHO changed ..." (`who`: "x.so: init()"). */
int guard_leave(const struct guard *g, const char *who, struct hone_err *err);

#endif
