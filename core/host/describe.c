/* The part of registry.h that describes plugin files: children are run several at a time and their findings put in the
 * order of the files. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/base/file.h"
#include "core/host/dirs.h"
#include "core/host/linked.h"
#include "core/host/probe.h"
#include "core/host/registry.h"

#define AT_ONCE 8

struct files {
    char **path;
    struct stat *st;
    size_t n;
};

static void files_free(struct files *f)
{
    for (size_t i = 0; i < f->n; i++)
        free(f->path[i]);
    free(f->path);
    free(f->st);
}

/* Appends a file unless the same one stands there under another name. */
static int files_add(struct files *f, const char *path)
{
    struct stat st = { 0 };
    if (stat(path, &st) == 0) {
        for (size_t i = 0; i < f->n; i++) {
            if (f->st[i].st_dev == st.st_dev && f->st[i].st_ino == st.st_ino)
                return 0;
        }
    }
    char **p = realloc(f->path, (f->n + 1) * sizeof *p);
    if (p)
        f->path = p;
    struct stat *s = realloc(f->st, (f->n + 1) * sizeof *s);
    if (s)
        f->st = s;
    char *copy = strdup(path);
    if (!p || !s || !copy) {
        free(copy);
        return HONE_ENOMEM;
    }
    f->path[f->n] = copy;
    f->st[f->n++] = st;
    return 0;
}

static int list_files(const char *const *dirs, struct files *f, struct hone_err *err)
{
    char **own = dirs ? NULL : dirs_roots(NULL, err);
    struct places places = { 0 };
    int rc = !dirs && !own ? HONE_ENOMEM : places_of(dirs ? dirs : (const char *const *)own, &places, err);
    for (size_t i = 0; rc == 0 && i < places.n; i++) {
        char **names = place_files(places.v[i].path, err);
        for (size_t k = 0; rc == 0 && names && names[k]; k++)
            rc = files_add(f, names[k]) ? hone_fail(err, HONE_ENOMEM, "memory ran out while plugins were listed") : 0;
        if (!names)
            rc = err->code;
        dirs_free(names);
    }
    places_free(&places);
    dirs_free(own);
    return rc;
}

/* Waits until one of the children writes or ends, or for a little while. */
static void wait_for_some(const struct probe *p, size_t n)
{
    struct pollfd fds[AT_ONCE];
    nfds_t count = 0;
    for (size_t i = 0; i < n && count < AT_ONCE; i++) {
        if (p[i].pid > 0)
            fds[count++] = (struct pollfd){ .fd = p[i].fd, .events = POLLIN };
    }
    poll(fds, count, 20);
    for (nfds_t i = 0; i < count; i++) {
        if (fds[i].revents == POLLHUP) { /* the child has closed its end and will be gone in a moment */
            usleep(200);
            return;
        }
    }
}

static int run_probes(const struct files *f, struct probe *p, struct hone_err *err)
{
    size_t next = 0, done = 0, running = 0;
    int rc = 0;
    while (rc == 0 && done < f->n) {
        while (rc == 0 && next < f->n && running < AT_ONCE) {
            rc = probe_start(&p[next], f->path[next], err);
            running += rc == 0;
            next += rc == 0;
        }
        if (rc == 0)
            wait_for_some(p, next);
        for (size_t i = 0; rc == 0 && i < next; i++) {
            if (p[i].pid <= 0)
                continue;
            rc = probe_poll(&p[i], err);
            running -= p[i].pid == 0;
            done += p[i].pid == 0;
        }
    }
    return rc;
}

static cJSON *describe_files(const struct files *f, struct hone_err *err)
{
    struct probe *p = calloc(f->n + 1, sizeof *p);
    cJSON *list = cJSON_CreateArray();
    char sha256[65];
    int rc = p && list ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out while plugins were described");
    if (rc == 0 && linked_is_dir(LINKED_ROOT))
        rc = linked_sha256(sha256, err); /* here, so that not every child does it */
    for (size_t i = 0; rc == 0 && i < f->n; i++)
        p[i].fd = -1;
    if (rc == 0)
        rc = run_probes(f, p, err);
    for (size_t i = 0; p && i < f->n; i++) {
        probe_end(&p[i]);
        if (rc == 0)
            cJSON_AddItemToArray(list, p[i].result);
        else
            cJSON_Delete(p[i].result);
    }
    free(p);
    if (rc == 0)
        return list;
    cJSON_Delete(list);
    return NULL;
}

cJSON *registry_describe(const char *const *dirs, struct hone_err *err)
{
    struct hone_err own;
    struct files f = { 0 };
    err = err ? err : &own;
    cJSON *list = list_files(dirs, &f, err) == 0 ? describe_files(&f, err) : NULL;
    files_free(&f);
    return list;
}

cJSON *plugin_describe(const char *path, struct hone_err *err)
{
    struct hone_err own;
    struct files f = { 0 };
    err = err ? err : &own;
    cJSON *list = NULL;
    if (files_add(&f, path) != 0)
        hone_fail(err, HONE_ENOMEM, "%s: memory ran out", path);
    else
        list = describe_files(&f, err);
    cJSON *one = list ? cJSON_DetachItemFromArray(list, 0) : NULL;
    cJSON_Delete(list);
    files_free(&f);
    return one;
}
