/* See registry.h. Opening a plugin (dlopen and the checks of its descriptor) is apart from starting it (init()): while a
 * name is looked for, plugins are only opened, and only the one that is wanted is started. */
#include "core/host/registry.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/host/check.h"
#include "core/host/dirs.h"
#include "core/host/guard.h"
#include "core/host/linked.h"
#include "core/host/load.h"
#include "core/host/services.h"

#define LISTED 240                  /* bytes of the names that a message about an unknown one lists */

enum state { OPENED, STARTED, REFUSED };

struct plugin {
    struct registry_plugin pub;
    struct loaded file;
    enum state state;
    struct hone_err why; /* REFUSED */
};

struct registry {
    struct services services;
    struct places places;
    struct plugin **plugins; /* in the order in which they were opened */
    size_t n_plugins;
    struct plugin **started; /* in the order of init(); as long as plugins */
    size_t n_started;
    char *scanned;           /* [places.n] */
};

struct registry *registry_new(const char *const *dirs, struct pool *pool, struct hone_err *err)
{
    struct registry *r = calloc(1, sizeof *r);
    char **own = NULL;
    if (!r) {
        hone_fail(err, HONE_ENOMEM, "memory ran out while the plugin registry was made");
        return NULL;
    }
    services_init(&r->services, pool);
    if (!dirs && !(own = dirs_roots(NULL, err)))
        goto fail;
    if (places_of(dirs ? dirs : (const char *const *)own, &r->places, err) != 0)
        goto fail;
    if (!(r->scanned = calloc(r->places.n + 1, 1))) {
        hone_fail(err, HONE_ENOMEM, "memory ran out while the plugin registry was made");
        goto fail;
    }
    dirs_free(own);
    return r;
fail:
    dirs_free(own);
    registry_free(r);
    return NULL;
}

void registry_free(struct registry *r)
{
    if (!r)
        return;
    while (r->n_started > 0) {
        const struct hone_plugin *info = r->started[--r->n_started]->pub.info;
        if (info->fini)
            info->fini();
    }
    for (size_t i = 0; i < r->n_plugins; i++) {
        load_drop(&r->plugins[i]->file);
        free(r->plugins[i]);
    }
    free(r->plugins);
    free(r->started);
    free(r->scanned);
    places_free(&r->places);
    free(r);
}

const struct hone_host *registry_host(struct registry *r)
{
    return &r->services.host;
}

void registry_lend_completion(struct registry *r, const struct hone_completion_service *service)
{
    r->services.completion = service;
}

static struct plugin *opened_already(struct registry *r, const char *path)
{
    struct stat st;
    int is_linked = linked_find(path) != NULL;
    if (!is_linked && stat(path, &st) != 0)
        return NULL;
    for (size_t i = 0; i < r->n_plugins; i++) {
        const struct loaded *file = &r->plugins[i]->file;
        if (is_linked ? strcmp(file->path, path) == 0 : file->handle && file->dev == st.st_dev && file->ino == st.st_ino)
            return r->plugins[i];
    }
    return NULL;
}

static void warn_unknown_kinds(const struct plugin *p)
{
    for (size_t i = 0; p->pub.info->items[i]; i++) {
        if (!item_usable(p->pub.info->items[i]))
            log_line(LOG_WARN, "%s: item %zu is of kind %u, which this hone does not know; it is left out", p->pub.path, i,
                     p->pub.info->items[i]->kind);
    }
}

/* The plugin of that file, opened now or before. NULL with err. */
static struct plugin *open_plugin(struct registry *r, const char *path, struct hone_err *err)
{
    struct plugin *p = opened_already(r, path);
    if (p)
        return p;
    size_t room = (r->n_plugins + 1) * sizeof *r->plugins;
    struct plugin **all = realloc(r->plugins, room);
    if (all)
        r->plugins = all;
    struct plugin **started = realloc(r->started, room);
    if (started)
        r->started = started;
    p = calloc(1, sizeof *p);
    if (!all || !started || !p) {
        hone_fail(err, HONE_ENOMEM, "%s: memory ran out", path);
        free(p);
        return NULL;
    }
    if (load_file(path, &p->file, err) != 0) {
        free(p);
        return NULL;
    }
    p->pub.path = p->file.path;
    p->pub.info = p->file.info;
    memcpy(p->pub.sha256, p->file.sha256, sizeof p->pub.sha256);
    r->plugins[r->n_plugins++] = p;
    warn_unknown_kinds(p);
    return p;
}

/* Runs init() once. A refusal is remembered. */
static int start_plugin(struct registry *r, struct plugin *p, struct hone_err *err)
{
    char who[PATH_MAX + 16];
    struct guard g;
    if (p->state == REFUSED) {
        if (err)
            *err = p->why;
        return p->why.code;
    }
    if (p->state == STARTED)
        return 0;
    int rc = 0;
    if (p->pub.info->init) {
        guard_enter(&g);
        rc = p->pub.info->init(&r->services.host, &p->why);
        snprintf(who, sizeof who, "%s: init()", p->pub.path);
        p->why.text[sizeof p->why.text - 1] = '\0';
        if (rc < 0) {
            struct hone_err said = p->why;
            rc = hone_fail(&p->why, ERR_PLUGIN, "%s failed: %s", who, *said.text ? said.text : "it gave no reason");
        }
        struct hone_err changed;
        if (guard_leave(&g, who, &changed) != 0 && rc >= 0) {
            p->why = changed;
            rc = changed.code;
        }
    }
    if (rc < 0) {
        p->state = REFUSED;
        if (err)
            *err = p->why;
        return rc;
    }
    p->state = STARTED;
    r->started[r->n_started++] = p;
    return 0;
}

/* The item of that name, or the first of its kind when name is NULL. */
static const struct hone_item *item_of(const struct plugin *p, uint32_t kind, const char *name)
{
    for (size_t i = 0; p->pub.info->items[i]; i++) {
        const struct hone_item *it = p->pub.info->items[i];
        if (it->kind == kind && item_usable(it) && (!name || strcmp(it->name, name) == 0))
            return it;
    }
    return NULL;
}

static const struct hone_item *take(struct registry *r, struct plugin *p, const struct hone_item *item,
                                    const struct registry_plugin **from, struct hone_err *err)
{
    if (start_plugin(r, p, err) < 0)
        return NULL;
    if (from)
        *from = &p->pub;
    return item;
}

static const struct hone_item *find_path(struct registry *r, uint32_t kind, const char *path,
                                         const struct registry_plugin **from, struct hone_err *err)
{
    struct plugin *p = open_plugin(r, path, err);
    if (!p)
        return NULL;
    const struct hone_item *item = item_of(p, kind, NULL);
    if (!item) {
        hone_fail(err, ERR_PLUGIN, "%s: it offers no %s (its first item is %s '%s')", p->pub.path, kind_name(kind),
                  kind_name(p->pub.info->items[0]->kind) ? kind_name(p->pub.info->items[0]->kind) : "of unknown kind",
                  p->pub.info->items[0]->name ? p->pub.info->items[0]->name : "");
        return NULL;
    }
    return take(r, p, item, from, err);
}

/* NAME.so of the first place that has it. 1 found, 0 nowhere, or below 0 when the file cannot be used: a plugin that was
 * meant must not be passed over for another. */
static int find_named_file(struct registry *r, uint32_t kind, const char *name, struct plugin **plugin,
                           const struct hone_item **item, struct hone_err *err)
{
    char path[PATH_MAX];
    for (size_t i = 0; i < r->places.n; i++) {
        const struct place *pl = &r->places.v[i];
        struct stat st;
        if (pl->kind != 0 && pl->kind != kind)
            continue;
        int len = snprintf(path, sizeof path, "%s/%s.so", pl->path, name);
        if (len < 0 || (size_t)len >= sizeof path || (!linked_find(path) && lstat(path, &st) != 0))
            continue;
        *plugin = open_plugin(r, path, err);
        if (!*plugin)
            return -1;
        *item = item_of(*plugin, kind, name);
        if (*item)
            return 1;
    }
    return 0;
}

static void scan_place(struct registry *r, size_t i)
{
    struct hone_err err = { 0 };
    char **files = place_files(r->places.v[i].path, &err);
    r->scanned[i] = 1;
    if (!files)
        log_line(LOG_WARN, "%s", err.text);
    for (size_t k = 0; files && files[k]; k++) {
        if (!open_plugin(r, files[k], &err))
            log_line(LOG_WARN, "a plugin is left out: %s", err.text);
    }
    dirs_free(files);
}

/* Among what is open, then in the places not yet read, one after the other. */
static const struct hone_item *find_by_scan(struct registry *r, uint32_t kind, const char *name, struct plugin **plugin)
{
    size_t seen = 0;
    for (size_t i = 0; i <= r->places.n; i++) {
        for (; seen < r->n_plugins; seen++) {
            const struct hone_item *item = item_of(r->plugins[seen], kind, name);
            *plugin = r->plugins[seen];
            if (item)
                return item;
        }
        if (i < r->places.n && !r->scanned[i] && (r->places.v[i].kind == 0 || r->places.v[i].kind == kind))
            scan_place(r, i);
    }
    return NULL;
}

static void fail_unknown(struct registry *r, uint32_t kind, const char *name, struct hone_err *err)
{
    const char **names = calloc(r->n_plugins * 256 + 1, sizeof *names); /* check.c: at most 256 items a plugin */
    struct buf known = { 0 };
    size_t n = 0;
    for (size_t i = 0; names && i < r->n_plugins; i++) {
        for (size_t k = 0; r->plugins[i]->pub.info->items[k]; k++) {
            const struct hone_item *it = r->plugins[i]->pub.info->items[k];
            if (it->kind == kind && item_usable(it)) {
                names[n++] = it->name;
                buf_printf(&known, "%s%s", n > 1 ? ", " : "", it->name);
            }
        }
    }
    const char *near = names ? text_nearest(name, names) : NULL;
    const char *list = buf_str(&known);
    size_t shown = list ? strlen(list) : 0;
    int cut = shown > LISTED;
    if (cut)  /* behind the last whole name */
        for (shown = LISTED; shown > 0 && list[shown] != ','; shown--)
            ;
    if (n == 0)
        hone_fail(err, ERR_PLUGIN, "no %s '%.63s'; no %s plugins were found at all (is HONE_PLUGIN_PATH right?)",
                  kind_name(kind), name, kind_name(kind));
    else
        hone_fail(err, HONE_EINVAL, "no %s '%.63s'; %s%s%sknown: %.*s%s", kind_name(kind), name, near ? "did you mean '" : "", near ? near : "",
                  near ? "'? " : "", (int)shown, list ? list : "", cut ? " and more (`hone plugin list`)" : "");
    buf_free(&known);
    free(names);
}

const struct hone_item *registry_find(struct registry *r, uint32_t kind, const char *name,
                                      const struct registry_plugin **from, struct hone_err *err)
{
    struct plugin *p = NULL;
    const struct hone_item *item = NULL;
    if (strchr(name, '/'))
        return find_path(r, kind, name, from, err);
    if (text_is_identifier(name)) {
        int found = find_named_file(r, kind, name, &p, &item, err);
        if (found < 0)
            return NULL;
    }
    if (!item)
        item = find_by_scan(r, kind, name, &p);
    if (item)
        return take(r, p, item, from, err);
    fail_unknown(r, kind, name, err);
    return NULL;
}

const struct hone_item *registry_item(struct registry *r, uint32_t kind, int64_t i, const struct registry_plugin **from)
{
    struct plugin *p;
    struct hone_err err = { 0 };
    find_by_scan(r, kind, "", &p); /* nothing has that name, so that all are read */
    for (size_t k = 0; k < r->n_plugins; k++)
        for (int j = 0; r->plugins[k]->pub.info->items[j]; j++) {
            const struct hone_item *item = r->plugins[k]->pub.info->items[j];
            if (item->kind == kind && i-- == 0)
                return take(r, r->plugins[k], item, from, &err);
        }
    return NULL;
}
