/* See dirs.h. */
#include "core/host/dirs.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/host/linked.h"
#include "core/host/registry.h"

struct list {
    char **v; /* NULL-terminated once it is not NULL */
    size_t n, cap;
    int oom;
};

static void list_add(struct list *l, const char *text)
{
    if (l->oom)
        return;
    if (l->n + 2 > l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 8;
        char **v = realloc(l->v, cap * sizeof *v);
        if (!v) {
            l->oom = 1;
            return;
        }
        l->v = v;
        l->cap = cap;
    }
    l->v[l->n] = strdup(text);
    l->oom = l->v[l->n] == NULL;
    l->n += l->v[l->n] != NULL;
    l->v[l->n] = NULL;
}

void dirs_free(char **dirs)
{
    for (size_t i = 0; dirs && dirs[i]; i++)
        free(dirs[i]);
    free(dirs);
}

/* The finished list, or NULL with err; l is empty afterwards. */
static char **list_take(struct list *l, struct hone_err *err)
{
    if (!l->v && !l->oom)
        l->oom = (l->v = calloc(1, sizeof *l->v)) == NULL;
    if (l->oom) {
        dirs_free(l->v);
        hone_fail(err, HONE_ENOMEM, "memory ran out while plugin directories were listed");
        return NULL;
    }
    return l->v;
}

static int is_dir(const char *path)
{
    struct stat st;
    return linked_is_dir(path) || (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

static void add_root(struct list *l, const char *path)
{
    char real[PATH_MAX];
    if (!is_dir(path) || !realpath(path, real)) {
        log_line(LOG_DEBUG, "plugin directory %s does not exist", path);
        return;
    }
    for (size_t i = 0; i < l->n; i++) {
        if (strcmp(l->v[i], real) == 0)
            return;
    }
    list_add(l, real);
}

static void add_environment(struct list *l)
{
    const char *s = secure_getenv("HONE_PLUGIN_PATH");
    char entry[PATH_MAX];
    while (s && *s) {
        size_t n = strcspn(s, ":");
        if (n > 0 && n < sizeof entry) {
            memcpy(entry, s, n);
            entry[n] = '\0';
            if (is_dir(entry))
                add_root(l, entry);
            else
                log_line(LOG_WARN, "HONE_PLUGIN_PATH names %s, which is not a directory", entry);
        }
        s += n + (s[n] == ':');
    }
}

/* The plugins folder of the build tree that the program lies in; a build tree is known by its config.status. */
static int build_tree(char *out, size_t size)
{
    char dir[PATH_MAX], file[PATH_MAX + 16];
    struct stat st;
    if (path_program_dir(dir, sizeof dir, NULL) != 0)
        return 0;
    size_t n = strlen(dir);
    if (n > 6 && strcmp(dir + n - 6, "/.libs") == 0)
        dir[n - 6] = '\0';
    snprintf(file, sizeof file, "%s/config.status", dir);
    if (stat(file, &st) != 0 || !S_ISREG(st.st_mode))
        return 0;
    int len = snprintf(out, size, "%s/plugins", dir);
    return len > 0 && (size_t)len < size && is_dir(out);
}

char **dirs_roots(const char *const *given, struct hone_err *err)
{
    struct list l = { 0 };
    char tree[PATH_MAX];
    for (size_t i = 0; given && given[i]; i++)
        add_root(&l, given[i]);
    add_environment(&l);
    if (linked_is_dir(LINKED_ROOT))
        list_add(&l, LINKED_ROOT);
    if (build_tree(tree, sizeof tree))
        add_root(&l, tree);
#ifdef HONE_PLUGINDIR
    else
        add_root(&l, path_installed(HONE_PLUGINDIR, tree));
#endif
    return list_take(&l, err);
}

static int add_place(struct places *p, const char *root, const char *sub, uint32_t kind)
{
    char path[PATH_MAX];
    int len = snprintf(path, sizeof path, "%s%s%s", root, *sub ? "/" : "", sub);
    if (len < 0 || (size_t)len >= sizeof path || !is_dir(path))
        return 0;
    struct place *v = realloc(p->v, (p->n + 1) * sizeof *v);
    if (!v)
        return HONE_ENOMEM;
    p->v = v;
    v[p->n].path = strdup(path);
    v[p->n].kind = kind;
    if (!v[p->n].path)
        return HONE_ENOMEM;
    p->n++;
    return 0;
}

static int add_places(struct places *p, const char *root)
{
    int rc = 0;
    for (uint32_t kind = 1; rc == 0 && kind_name(kind); kind++) {
        char sub[64];
        snprintf(sub, sizeof sub, "%ss", kind_name(kind));
        rc = add_place(p, root, sub, kind);
        snprintf(sub, sizeof sub, "%ss/.libs", kind_name(kind));
        if (rc == 0)
            rc = add_place(p, root, sub, kind);
    }
    if (rc == 0)
        rc = add_place(p, root, "", 0);
    if (rc == 0)
        rc = add_place(p, root, ".libs", 0);
    return rc;
}

int places_of(const char *const *roots, struct places *out, struct hone_err *err)
{
    *out = (struct places){ 0 };
    for (size_t i = 0; roots && roots[i]; i++) {
        if (add_places(out, roots[i]) != 0) {
            places_free(out);
            return hone_fail(err, HONE_ENOMEM, "memory ran out while plugin directories were listed");
        }
    }
    return 0;
}

void places_free(struct places *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->v[i].path);
    free(p->v);
    *p = (struct places){ 0 };
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **place_files(const char *dir, struct hone_err *err)
{
    struct list l = { 0 };
    if (linked_is_dir(dir)) {
        const char *path;
        for (int i = 0; (path = linked_in(dir, i)); i++)
            list_add(&l, path);
        return list_take(&l, err);
    }
    DIR *d = opendir(dir);
    if (!d) {
        err_errno(err, "read", dir);
        return NULL;
    }
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        size_t n = strlen(e->d_name);
        if (n <= 3 || strcmp(e->d_name + n - 3, ".so") != 0)
            continue;
        char *path = path_join(dir, e->d_name);
        if (path)
            list_add(&l, path);
        else
            l.oom = 1;
        free(path);
    }
    closedir(d);
    if (l.n > 1)
        qsort(l.v, l.n, sizeof *l.v, by_name);
    return list_take(&l, err);
}
