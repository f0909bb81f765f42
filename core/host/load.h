/* Opens one plugin file: may nobody but trusted users have written it, is it a shared object of this machine and the one that is pinned,
 * does it have a descriptor, is the descriptor sound. What is checked is the open file, and that is what is loaded.
 * Calls no function of the plugin but its constructors. Called by the registry and by the probe's child processes.
 * A plugin that is linked into the program (linked.h) has no file: of the questions above, those on the pin and the descriptor remain. */
#ifndef HOST_LOAD_H
#define HOST_LOAD_H
#include <sys/types.h>
#include "core/base/err.h"
#include "hone/abi.h"

struct loaded {
    void *handle;                   /* of dlopen; never closed; NULL for a plugin that is linked in */
    const struct hone_plugin *info; /* owned, see adopt.h */
    char *path;                     /* real path, or that of linked.h */
    char sha256[65];
    dev_t dev;
    ino_t ino;
    int64_t bytes;
    int fd, dir_fd;                 /* of the file and its directory, which the process keeps open; -1 without a file */
};

/* 0 with *out filled (release with load_drop()), else *out is zeroed: ERR_NOT_FOUND no such file, ERR_PLUGIN a file that
 * cannot be used (it may stay mapped), HONE_ENOMEM. The sentence begins with the file's path. */
int load_file(const char *path, struct loaded *out, struct hone_err *err);
/* Whether the loader knows an object of this process by the descriptor: closed, the next file that gets its number would be taken for that object. */
int load_holds(int fd);
/* Frees what load_file() allocated. The object stays mapped. */
void load_drop(struct loaded *l);

#endif
