/* See swap.h. Every step is a rename, and each may be the last one before a crash: what is still in restore.ready is still to be moved. */
#include "core/store/swap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/base/clock.h"
#include "core/base/file.h"

#define READY "restore.ready"
#define OLD "restore.old"
#define PATH 4200

struct swap {
    const char *dir;
    char from[PATH], to[PATH];
};

static int path_in(const struct swap *w, char out[PATH], const char *folder, const char *name, struct hone_err *err)
{
    int n = snprintf(out, PATH, "%s%s%s/%s", w->dir, *folder ? "/" : "", folder, name);
    return n < PATH ? 0 : hone_fail(err, HONE_EINVAL, "%.200s...: the path is too long", w->dir);
}

static int is_there(const struct swap *w, const char *folder, const char *name)
{
    char path[PATH];
    struct stat st;
    return path_in(w, path, folder, name, NULL) == 0 && lstat(path, &st) == 0;
}

/* Renames dir/from_folder/name to dir/to_folder/name where it exists, durably. */
static int move(struct swap *w, const char *from, const char *to, const char *name, struct hone_err *err)
{
    int rc = path_in(w, w->from, from, name, err);
    if (rc == 0)
        rc = path_in(w, w->to, to, name, err);
    if (rc == 0 && rename(w->from, w->to) != 0)
        return errno == ENOENT ? 0 : err_errno(err, "move", w->from);
    if (rc == 0)
        rc = file_sync_dir(w->to, err);
    return rc == 0 ? file_sync_dir(w->from, err) : rc;
}

/* One entry of the state: the old one goes away first. `companion`: it belongs to the old database alone. */
static int put_in_place(struct swap *w, const char *name, int companion, struct hone_err *err)
{
    int rc = 0;
    if (!is_there(w, READY, companion ? "hone.db" : name))
        return 0; /* done already */
    if (is_there(w, "", name))
        rc = move(w, "", OLD, name, err);
    return rc == 0 && !companion ? move(w, READY, "", name, err) : rc;
}

int swap_waits(const char *state_dir)
{
    const struct swap w = { .dir = state_dir };
    return is_there(&w, "", READY) || is_there(&w, "", OLD);
}

/* Keeps restore.old under the time of the day, and a number where that second has one already; of nothing it keeps nothing. */
static int keep_old(struct swap *w, struct hone_err *err)
{
    char name[64], at[25];
    clock_rfc3339(clock_wall_ms(), at);
    int rc = path_in(w, w->from, "", OLD, err);
    if (rc != 0 || rmdir(w->from) == 0)
        return rc;
    for (int i = 0; rc == 0; i++) {
        snprintf(name, sizeof name, i ? "before-restore-%.19s-%d" : "before-restore-%.19s", at, i);
        if ((rc = path_in(w, w->to, "", name, err)) != 0 || rename(w->from, w->to) == 0)
            break;
        if ((errno != EEXIST && errno != ENOTEMPTY) || i == 1000)
            rc = err_errno(err, "move", w->from);
    }
    return rc;
}

int swap_finish(const char *state_dir, struct hone_err *err)
{
    static const struct { const char *name; int companion; } entries[] = {
        { "hone.db-wal", 1 }, { "hone.db-shm", 1 }, { "hone.db-journal", 1 }, { "hone.db", 0 }, { "data", 0 }, { "jobs", 0 },
    };
    struct swap w = { .dir = state_dir };
    char old[PATH];
    int rc = 0;
    if (!swap_waits(state_dir))
        return 0;
    if (is_there(&w, "", READY) && (rc = path_in(&w, old, "", OLD, err)) == 0)
        rc = file_mkdirs(old, err);
    for (size_t i = 0; i < sizeof entries / sizeof entries[0] && rc == 0; i++)
        rc = put_in_place(&w, entries[i].name, entries[i].companion, err);
    if (rc == 0 && (rc = path_in(&w, w.from, "", READY, err)) == 0)
        rc = file_remove_tree(w.from, err);
    if (rc != 0)
        return err_prefix(err, "the restore of %s is not finished", state_dir);
    rc = keep_old(&w, err);
    return rc == 0 ? file_sync_dir(w.from, err) : rc;
}

int swap_commit(const char *state_dir, struct hone_err *err)
{
    struct swap w = { .dir = state_dir };
    int rc = path_in(&w, w.from, "", SWAP_NEW, err);
    if (rc == 0)
        rc = path_in(&w, w.to, "", READY, err);
    if (rc == 0 && rename(w.from, w.to) != 0)
        rc = err_errno(err, "move", w.from);
    if (rc == 0)
        rc = file_sync_dir(w.to, err);
    return rc == 0 ? swap_finish(state_dir, err) : rc;
}
