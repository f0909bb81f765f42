/* What the parts of the shim share: shim.c and shim_memory.c. */
#ifndef TESTS_SHIM_PRIV_H
#define TESTS_SHIM_PRIV_H
#include "shim.h"

extern struct shim_control *shim_control; /* NULL: nothing is meant */

/* Whether a call is struck, and then how; errno is set for one that fails. */
int shim_struck(int call, const char *path, int *deed);
/* Finds the libraries that are spared. Called before anything is struck. */
void shim_memory_begin(const struct shim_control *c);

#endif
