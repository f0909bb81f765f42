/* What a disk may hold after a power loss: the shim's record is replayed, and at any point a directory is made with what was synced by then
 * and some of what was not. A file's bytes last when the file is synced, a name when its directory is; what is not synced may be there,
 * be missing, be torn at sectors or have come in another order. It knows nothing of what the files mean: see power.c. */
#ifndef TESTS_DISK_H
#define TESTS_DISK_H
#include <stddef.h>
#include <stdint.h>
#include "tests/faults/shim.h"

/* What becomes of what was not synced. */
enum disk_loss { DISK_ALL_LOST, DISK_ALL_KEPT, DISK_LATE_LOST, DISK_ANY_LOST, DISK_TORN, DISK_DATA_LOST, DISK_NAMES_LOST, DISK_LOSSES };

struct disk;

/* Reads a record whole; paths in it begin with `root` ("/.../", with the slash). NULL with a line on standard error. */
struct disk *disk_open(const char *record, const char *root);
void disk_free(struct disk *d);
/* Back to the begin, with an empty disk. Syncs for which `dropped` says 1 are as if they had not been called (NULL: none). */
void disk_rewind(struct disk *d, int (*dropped)(void *arg, const struct shim_entry *e, const char *path), void *arg);
/* Plays one entry: it, NULL at the end. `bytes` are its path or what was written, valid as long as the disk. */
const struct shim_entry *disk_step(struct disk *d, const char **bytes);
/* Makes the directory `to` (which must not exist) as the disk may be when the power is lost now. 0 or -1 with errno. Large files in it may be
 * second names of files in TO.pool, which the caller removes at the end, and must not be changed. */
int disk_lose(const struct disk *d, enum disk_loss loss, uint64_t seed, const char *to);

#endif
