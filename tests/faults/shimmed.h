/* Programs under the shim: its control page, and the environment that loads it into the daemon and its workers. */
#ifndef TESTS_SHIMMED_H
#define TESTS_SHIMMED_H
#include "tests/faults/shim.h"

/* Makes DIR/control and DIR/control.record and sets the environment of programs that are started from now on: $SHIM is the library. What lies
 * below `root` counts ("" : nothing yet). The page, or NULL with a line on standard error. */
struct shim_control *shimmed_begin(const char *dir, const char *root);
/* From now on calls of those kinds on paths with `match` in them are struck: after `skip` good ones, `times` of them (as
 * in shim.h). */
void shimmed_arm(struct shim_control *c, int calls, const char *match, enum shim_deed deed, int error, int skip, int times);
/* No more. How many calls were struck. */
int shimmed_disarm(struct shim_control *c);
/* Programs that are started from now on run without the shim. */
void shimmed_end(void);

#endif
