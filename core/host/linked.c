/* See linked.h. */
#include "core/host/linked.h"

#include <string.h>
#include "core/base/file.h"

static const struct linked_plugin none = { 0 };
static const struct linked_plugin *linked = &none;

void linked_offer(const struct linked_plugin *all)
{
    linked = all;
}

const struct hone_plugin *linked_find(const char *path)
{
    for (const struct linked_plugin *p = linked; p->path; p++) {
        if (strcmp(p->path, path) == 0)
            return p->built;
    }
    return NULL;
}

/* What follows `dir` and a slash, or NULL. */
static const char *below(const char *path, const char *dir)
{
    size_t n = strlen(dir);
    return strncmp(path, dir, n) == 0 && path[n] == '/' ? path + n + 1 : NULL;
}

int linked_is_dir(const char *path)
{
    for (const struct linked_plugin *p = linked; p->path; p++) {
        if (below(p->path, path))
            return 1;
    }
    return 0;
}

const char *linked_in(const char *dir, int i)
{
    for (const struct linked_plugin *p = linked; p->path; p++) {
        const char *name = below(p->path, dir);
        if (name && !strchr(name, '/') && i-- == 0)
            return p->path;
    }
    return NULL;
}

int linked_sha256(char hex[65], struct hone_err *err)
{
    static char known[65];
    if (!known[0] && file_sha256("/proc/self/exe", known, err) != 0) {
        known[0] = '\0';
        return err->code;
    }
    memcpy(hex, known, sizeof known);
    return 0;
}
