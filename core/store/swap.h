/* Another content for a state directory, all at once: what was prepared in STATE/restore.new becomes the state when that folder is renamed to
 * restore.ready. From then on whoever opens the store goes on with moving things into place, however often it is killed. What was there
 * before is kept in STATE/before-restore-TIME. Private to core/store, and for core/api/restore.c. */
#ifndef STORE_SWAP_H
#define STORE_SWAP_H
#include "core/base/err.h"

#define SWAP_NEW "restore.new"

/* Under the lock of the state directory: what is in restore.new (hone.db, data/, jobs/, all synced) is the state from now on. On failure the
 * old state holds, unless the rename was done; then it is finished later. */
int swap_commit(const char *state_dir, struct hone_err *err);
/* Under the same lock: finishes what was committed; nothing to do otherwise. */
int swap_finish(const char *state_dir, struct hone_err *err);
/* Whether there is something to finish. */
int swap_waits(const char *state_dir);

#endif
