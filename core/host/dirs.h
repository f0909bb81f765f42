/* Which directories a worker searches for plugins. Knows names and layouts only; opens no plugin. Called by the
 * registry and by hone-worker's main. */
#ifndef HOST_DIRS_H
#define HOST_DIRS_H
#include <stddef.h>
#include <stdint.h>
#include "core/base/err.h"

/* The roots to search, in order: `given` (NULL-terminated, may be NULL), the entries of the environment variable
 * HONE_PLUGIN_PATH (separated by ':', empty ones left out), then those that are linked into the program (linked.h), then the plugins of the
 * build tree that the program runs from, or when it runs from elsewhere the installed ones. Only directories that exist; each once.
 * NULL-terminated, free with dirs_free(). NULL with err when memory ran out. */
char **dirs_roots(const char *const *given, struct hone_err *err);
void dirs_free(char **dirs);

/* A directory with plugin files. */
struct place {
    char *path;
    uint32_t kind; /* of all items in it, or 0 when any may be there */
};

struct places {
    struct place *v;
    size_t n;
};

/* What exists of ROOT/<kind>s, ROOT/<kind>s/.libs, ROOT and ROOT/.libs for each root, in this order.
 * 0 or HONE_ENOMEM (out is then empty). */
int places_of(const char *const *roots, struct places *out, struct hone_err *err);
void places_free(struct places *p);

/* Paths of the *.so entries of a directory, sorted (linked ones as they stand in their table), NULL-terminated; free with dirs_free(). An entry that is no regular
 * file is listed too: opening it tells what it is. NULL with err: HONE_EIO or HONE_ENOMEM. */
char **place_files(const char *dir, struct hone_err *err);

#endif
