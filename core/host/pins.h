/* Pinned plugins: files that must have a known SHA-256. What is pinned is in $HONE_PLUGIN_PINS, which `hone` sets from its key plugins.pins:
 * FILE=SHA256 parted by ':', FILE a name such as adamw.so or a path. Not which plugins may be loaded: what is not pinned is free.
 * Called by load.c and hone-worker's main. */
#ifndef HOST_PINS_H
#define HOST_PINS_H
#include "core/base/err.h"

/* Whether a file that is about to be loaded is the one that is pinned, if any is: `real` its path, `sha256` its hash. 0 or ERR_PLUGIN, the
 * sentence with both hashes. A pin that cannot be read refuses every file. */
int pins_check(const char *real, const char *sha256, struct hone_err *err);
/* Whether every pin has a file, in one of the places below `dirs` unless it is a path: one that binds nothing was meant to bind something.
 * 0, HONE_EINVAL with the nearest name, or HONE_ENOMEM. */
int pins_check_names(const char *const *dirs, struct hone_err *err);

#endif
