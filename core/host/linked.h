/* Plugins that are linked into the program (configure --enable-static-plugins); none unless its main() offers them. They are found, named, pinned
 * and checked as files are: plugin NAME of kind KIND is LINKED_ROOT/KINDs/NAME.so, a path that no file has. Called by the rest of host and by
 * core/program. */
#ifndef HOST_LINKED_H
#define HOST_LINKED_H
#include "core/base/err.h"
#include "hone/abi.h"

#define LINKED_ROOT "(built in)"

struct linked_plugin {
    const char *path;
    const struct hone_plugin *built;
};

/* From now on there are these (borrowed; the last one's path is NULL). [main], before any other call of host. */
void linked_offer(const struct linked_plugin *all);
/* The descriptor of that path, or NULL. */
const struct hone_plugin *linked_find(const char *path);
/* Whether one of them lies below that path. */
int linked_is_dir(const char *path);
/* Number i (0 first) of those that lie right in `dir`, or NULL behind the last. */
const char *linked_in(const char *dir, int i);
/* The SHA-256 of the program's file, which is theirs; read once. 0 or HONE_EIO. */
int linked_sha256(char hex[65], struct hone_err *err);

#endif
