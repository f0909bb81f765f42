/* A backup in place of a state directory, and older schemas: what `hone db restore` and `hone db migrate` do. No functions of the Training
 * API, since no daemon may run meanwhile. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/api/backup.h"
#include "core/api/priv.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/tar.h"
#include "core/jobs/lock.h"
#include "core/store/inventory.h"
#include "core/store/swap.h"

struct restore {
    const char *file;
    char *dir;               /* restore.new in the state directory */
    int fd;
    cJSON *manifest;
    int files;
    int64_t bytes;
};

/* ---- names ---- */

static int is_name(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!((p[i] >= 'a' && p[i] <= 'z') || (p[i] >= 'A' && p[i] <= 'Z') || (p[i] >= '0' && p[i] <= '9') || strchr("._-", p[i])))
            return 0;
    return n > 0 && n < 200 && p[0] != '.';
}

/* "hone.db", "data/NAME", "jobs/NAME/NAME": nothing else is written, whatever an archive says. */
static int is_allowed(const char *path)
{
    const char *name = strrchr(path, '/');
    if (!name)
        return strcmp(path, "hone.db") == 0;
    if (!is_name(name + 1, strlen(name + 1)))
        return 0;
    if (strncmp(path, "data/", 5) == 0)
        return name == path + 4;
    return strncmp(path, "jobs/", 5) == 0 && name > path + 5 && is_name(path + 5, (size_t)(name - path - 5));
}

/* ---- reading ---- */

static int read_whole(int fd, char *to, size_t n)
{
    for (size_t have = 0; have < n;) {
        ssize_t got = read(fd, to + have, n - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return -1;
        have += (size_t)got;
    }
    return 0;
}

static int skip_padding(struct restore *r, int64_t bytes, struct hone_err *err)
{
    char drop[TAR_BLOCK];
    return read_whole(r->fd, drop, (size_t)tar_padding(bytes)) == 0 ? 0 : hone_fail(err, ERR_CORRUPT, "%s ends in the middle", r->file);
}

static int read_manifest(struct restore *r, struct hone_err *err)
{
    struct tar_entry e;
    int rc = tar_next(r->fd, &e, err);
    if (rc < 0)
        return err_prefix(err, "%s", r->file);
    if (rc == 0 || strcmp(e.name, BACKUP_MANIFEST) != 0 || e.bytes > BACKUP_MANIFEST_MAX)
        return hone_fail(err, ERR_CORRUPT, "%s is no backup that hone has made", r->file);
    char *text = malloc((size_t)e.bytes + 1);
    if (!text)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    rc = read_whole(r->fd, text, (size_t)e.bytes) == 0 ? skip_padding(r, e.bytes, err) : hone_fail(err, ERR_CORRUPT, "%s ends in the middle", r->file);
    if (rc == 0 && !(r->manifest = json_parse(text, (size_t)e.bytes, r->file, err)))
        rc = err->code = ERR_CORRUPT;
    free(text);
    if (rc == 0 && strcmp(json_str(r->manifest, "format", ""), BACKUP_FORMAT) != 0)
        rc = hone_fail(err, ERR_PRECONDITION, "%s has the format '%.60s', this program reads %s; it was made by version %.40s", r->file,
                       json_str(r->manifest, "format", "?"), BACKUP_FORMAT, json_str(r->manifest, "version", "?"));
    return rc;
}

static int extract_to(struct restore *r, const char *path, int64_t bytes, const char *sha256, struct hone_err *err)
{
    char have[65];
    int64_t copied = 0;
    char *slash = strrchr(path, '/');
    *slash = '\0';
    int rc = file_mkdirs(path, err);
    *slash = '/';
    int fd = rc == 0 ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
    if (rc == 0 && fd < 0)
        rc = err_errno(err, "create", path);
    if (rc == 0)
        rc = file_pump(r->fd, fd, bytes, have, &copied, err);
    if (rc == 0 && (copied != bytes || strcmp(have, sha256) != 0))
        rc = hone_fail(err, ERR_CORRUPT, "%s is damaged: %s in it is not what was written", r->file, path + strlen(r->dir) + 1);
    if (rc == 0 && fsync(fd) != 0)
        rc = err_errno(err, "sync", path);
    if (fd >= 0)
        close(fd);
    return rc == 0 ? file_sync_dir(path, err) : rc;
}

/* The next file, which must be the next one of the manifest. */
static int extract_one(struct restore *r, const cJSON *want, struct hone_err *err)
{
    struct tar_entry e;
    int rc = tar_next(r->fd, &e, err);
    if (rc < 0)
        return err_prefix(err, "%s", r->file);
    if (rc == 0 || strcmp(e.name, json_str(want, "path", "")) != 0 || e.bytes != json_int(want, "bytes", -1) || !is_allowed(e.name))
        return hone_fail(err, ERR_CORRUPT, "%s: expected %.100s of %lld bytes, found %.100s", r->file, json_str(want, "path", "?"),
                         (long long)json_int(want, "bytes", -1), rc ? e.name : "its end");
    char *path = path_join(r->dir, e.name);
    rc = path ? extract_to(r, path, e.bytes, json_str(want, "sha256", ""), err) : hone_fail(err, HONE_ENOMEM, "memory ran out");
    free(path);
    r->files++;
    r->bytes += e.bytes;
    return rc == 0 ? skip_padding(r, e.bytes, err) : rc;
}

static int extract(struct restore *r, struct hone_err *err)
{
    static const char *const dirs[] = { "data", "jobs" };
    struct tar_entry e;
    const cJSON *f;
    int rc = read_manifest(r, err);
    for (size_t i = 0; i < 2 && rc == 0; i++) {
        char *path = path_join(r->dir, dirs[i]);
        rc = path ? file_mkdirs(path, err) : hone_fail(err, HONE_ENOMEM, "memory ran out");
        free(path);
    }
    cJSON_ArrayForEach(f, json_get(r->manifest, "files")) {
        if (rc == 0)
            rc = extract_one(r, f, err);
    }
    if (rc < 0)
        return rc;
    rc = tar_next(r->fd, &e, err);
    return rc < 0 ? err_prefix(err, "%s", r->file) : rc == 0 ? 0 : hone_fail(err, ERR_CORRUPT, "%s has more in it than it lists", r->file);
}

/* The database opens (an older schema is migrated), is sound, and names nothing that did not come along. */
static int verify(const struct restore *r, struct hone_err *err)
{
    struct inventory list = { 0 };
    struct store *s = store_open_existing(r->dir, err);
    int rc = s ? store_check(s, err) : err->code;
    if (rc == 0)
        rc = inventory_list(s, &list, err);
    store_close(s);
    for (size_t i = 0; i < list.n && rc == 0; i++) {
        char *path = path_join(r->dir, list.v[i].path);
        if (!path || access(path, R_OK) != 0)
            rc = hone_fail(err, ERR_CORRUPT, "%s lacks %s (%s)", r->file, list.v[i].path, list.v[i].what);
        free(path);
    }
    inventory_free(&list);
    return rc;
}

/* ---- the place ---- */

/* Whether a command line trains there. */
static int nobody_trains(const char *state_dir, struct hone_err *err)
{
    char *path = path_join(state_dir, "jobs");
    DIR *d = path ? opendir(path) : NULL;
    int rc = 0;
    for (struct dirent *e; rc == 0 && d && (e = readdir(d));) {
        struct hone_err ignored;
        if (e->d_name[0] != '.' && job_lock_is_free(state_dir, e->d_name, &ignored) == 0)
            rc = hone_fail(err, ERR_CONFLICT, "job %.100s is being run in %s; wait for it to end, or pause it", e->d_name, state_dir);
    }
    if (d)
        closedir(d);
    free(path);
    return rc;
}

static int may_replace(const char *state_dir, int force, struct hone_err *err)
{
    char *path = path_join(state_dir, "hone.db");
    int rc = path ? swap_finish(state_dir, err) : hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (rc == 0 && access(path, F_OK) == 0)
        rc = force ? nobody_trains(state_dir, err)
                   : hone_fail(err, ERR_CONFLICT, "there is a database in %s already; with --force the backup takes its place, and what is there is kept "
                               "in a folder before-restore-TIME", state_dir);
    free(path);
    return rc;
}

int api_state_restore(const char *state_dir, const char *file, int force, struct state_restored *done, struct hone_err *err)
{
    struct restore r = { .file = file, .fd = open(file, O_RDONLY | O_CLOEXEC) };
    struct hone_err ignored;
    if (r.fd < 0)
        return err_open(err, file);
    r.dir = path_join(state_dir, SWAP_NEW);
    int lock = r.dir ? store_lock(state_dir, err) : hone_fail(err, HONE_ENOMEM, "memory ran out");
    int rc = lock < 0 ? lock : may_replace(state_dir, force, err);
    if (rc == 0)
        rc = file_remove_tree(r.dir, err); /* of one that was killed */
    if (rc == 0 && ((rc = extract(&r, err)) < 0 || (rc = verify(&r, err)) < 0))
        file_remove_tree(r.dir, &ignored);
    if (rc == 0)
        rc = swap_commit(state_dir, err);
    *done = (struct state_restored){ .files = r.files, .bytes = r.bytes };
    if (rc == 0)
        snprintf(done->made_at, sizeof done->made_at, "%s", json_str(r.manifest, "created_at", ""));
    cJSON_Delete(r.manifest);
    close(r.fd);
    if (lock >= 0)
        close(lock);
    free(r.dir);
    return rc;
}

int api_state_migrate(const char *state_dir, int dry, int *have, int *want, struct hone_err *err)
{
    int rc = store_schema(state_dir, 1, have, want, err);
    if (rc < 0 || dry || *have == *want)
        return rc;
    struct store *s = store_open_existing(state_dir, err);
    rc = s ? store_check(s, err) : err->code;
    store_close(s);
    return rc;
}
