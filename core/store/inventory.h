/* The files of the state directory that rows refer to: what a backup has to hold besides the database, and what a check looks for. It
 * reads no file. Called by core/api. */
#ifndef STORE_INVENTORY_H
#define STORE_INVENTORY_H
#include <stddef.h>
#include "core/store/store.h"

struct inventory_file {
    char *path;              /* below the state directory */
    char *sha256;
    int64_t bytes;           /* -1: not recorded */
    char *what;              /* whose it is: "a checkpoint of job job_..." */
};

struct inventory {
    struct inventory_file *v;
    size_t n;
};

/* Every file once, by path, of all tenants. On failure *list is empty. */
int inventory_list(struct store *s, struct inventory *list, struct hone_err *err);
void inventory_free(struct inventory *list);

#endif
