/* Whether a state directory, as a crash may have left it, is sound and keeps what was acknowledged. */
#ifndef TESTS_KEPT_H
#define TESTS_KEPT_H
#include <stddef.h>

/* Opens DIR/state as a daemon would and holds it against the lines ("job ID", "ended ID completed", "rated ID", ...): 0, or -1 with the first
 * fault in `why`. Without a line there need be no state. What it opens it changes: recovery has run then. */
int kept_check(const char *dir, const char *const *line, int n, char *why, size_t size);

#endif
