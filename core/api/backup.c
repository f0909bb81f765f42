/* Backups of the state directory: backupState writes the database and every file that it names into one archive, also while a daemon works;
 * checkState looks whether all of it is sound. Restoring is restore.c's. The archive is a tar file: hone-backup.json first, which lists
 * the others with size and SHA-256, then hone.db and the files. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/api/backup.h"
#include "core/api/priv.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/tar.h"
#include "core/store/backup.h"
#include "core/store/inventory.h"
#include "core/store/swap.h"

#define STAGE "backup.tmp"       /* in the state directory, locked while it is in use */
#define PIECE ((size_t)256 << 10)

/* What a backup holds while it is made: a copy of the database, and second names of the files, so that nothing that is removed meanwhile
 * is missing. */
struct stage {
    char *dir, *db;
    int lock;
    struct inventory files;
    char db_sha256[65];
    int64_t db_bytes;
};

/* ---- the stage ---- */

static int stage_open(const struct api *a, struct stage *g, struct hone_err *err)
{
    *g = (struct stage){ .dir = state_path(a, STAGE), .lock = -1 };
    g->db = g->dir ? path_join(g->dir, "hone.db") : NULL;
    int rc = g->db ? file_mkdirs(g->dir, err) : hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (rc < 0)
        return rc;
    if ((g->lock = open(g->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)) < 0)
        return err_errno(err, "open", g->dir);
    if (flock(g->lock, LOCK_EX | LOCK_NB) == 0)
        return 0;
    close(g->lock);
    g->lock = -1;
    return hone_fail(err, ERR_CONFLICT, "another backup of %s is being made; wait for it to end", a->state_dir);
}

/* Removes what an earlier backup left when it was killed. */
static int stage_empty(struct stage *g, struct hone_err *err)
{
    int fd = openat(g->lock, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : file_remove_content(fd);
    return rc == 0 ? 0 : err_errno(err, "empty", g->dir);
}

static void stage_close(struct stage *g)
{
    struct hone_err ignored;
    if (g->lock >= 0)
        file_remove_tree(g->dir, &ignored);
    if (g->lock >= 0)
        close(g->lock);
    inventory_free(&g->files);
    free(g->db);
    free(g->dir);
}

void backup_sweep(const char *state_dir)
{
    struct hone_err ignored;
    struct stage g = { .dir = path_join(state_dir, STAGE), .lock = -1 };
    char *fresh = path_join(state_dir, SWAP_NEW);
    g.lock = g.dir ? open(g.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (g.lock >= 0 && flock(g.lock, LOCK_EX | LOCK_NB) != 0) {
        close(g.lock);
        g.lock = -1;
    }
    stage_close(&g);
    if (fresh)
        file_remove_tree(fresh, &ignored);
    free(fresh);
}

static int stage_path(const struct stage *g, size_t i, char out[4200], struct hone_err *err)
{
    return snprintf(out, 4200, "%s/%zu", g->dir, i) < 4200 ? 0 : hone_fail(err, HONE_EINVAL, "%.100s...: the path is too long", g->dir);
}

/* With the books held: second names of all files that they name now. */
static int stage_files(const struct api *a, struct store *s, struct stage *g, struct hone_err *err)
{
    char to[4200];
    int rc = inventory_list(s, &g->files, err);
    for (size_t i = 0; i < g->files.n && rc == 0; i++) {
        const struct inventory_file *f = &g->files.v[i];
        char *from = state_path(a, f->path);
        rc = from ? stage_path(g, i, to, err) : hone_fail(err, HONE_ENOMEM, "memory ran out");
        if (rc == 0 && link(from, to) != 0 && errno != ENOENT && file_copy(from, to, err) != 0)
            rc = err->code;
        else if (rc == 0 && access(to, F_OK) != 0)
            rc = hone_fail(err, ERR_CORRUPT, "%s (%s) is missing, so the backup would not be whole; `hone db check` lists what else is", f->path, f->what);
        free(from);
    }
    return rc;
}

/* The database piece by piece, others in between; with the last piece the files, so that both are of one moment. */
static int stage_fill(struct api *a, struct stage *g, struct hone_err *err)
{
    struct store *s = books_open(a, err);
    struct store_backup *b = s ? store_backup_begin(s, g->db, err) : NULL;
    int more = b ? store_backup_step(b, err) : err->code;
    while (more == 1) {
        if (a->daemon) { /* whose books stay the same connection */
            books_close(a, s);
            s = books_open(a, err);
        }
        more = store_backup_step(b, err);
    }
    if (more == 0)
        more = stage_files(a, s, g, err);
    if (b)
        store_backup_release(b);
    books_close(a, s);
    struct hone_err end = { 0 };
    int rc = store_backup_end(b, &end);
    if (more == 0 && rc < 0)
        *err = end;
    return more < 0 ? more : rc;
}

/* ---- the archive ---- */

static cJSON *manifest(const struct stage *g)
{
    cJSON *o = cJSON_CreateObject(), *list = cJSON_CreateArray();
    char at[25];
    clock_rfc3339(clock_wall_ms(), at);
    json_put_str(o, "format", BACKUP_FORMAT);
    json_put_str(o, "version", HONE_VERSION);
    json_put_str(o, "created_at", at);
    for (size_t i = 0; i <= g->files.n; i++) {
        cJSON *f = cJSON_CreateObject();
        json_put_str(f, "path", i ? g->files.v[i - 1].path : "hone.db");
        json_put_int(f, "bytes", i ? g->files.v[i - 1].bytes : g->db_bytes);
        json_put_str(f, "sha256", i ? g->files.v[i - 1].sha256 : g->db_sha256);
        cJSON_AddItemToArray(list, f);
    }
    json_put(o, "files", list);
    return o;
}

/* One file into the archive; its bytes must be those that the books have. */
static int add_file(int out, const char *path, const char *name, int64_t bytes, const char *sha256, struct hone_err *err)
{
    char have[65];
    int64_t copied = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), rc = 0;
    if (fd < 0)
        return err_errno(err, "open", name);
    if ((rc = tar_put(out, name, bytes, err)) == 0)
        rc = file_pump(fd, out, -1, have, &copied, err);
    if (rc == 0 && (copied != bytes || strcmp(have, sha256) != 0))
        rc = hone_fail(err, ERR_CORRUPT, "%s is not what was written; `hone db check` tells what else is damaged", name);
    close(fd);
    return rc == 0 ? tar_pad(out, bytes, err) : rc;
}

static int add_manifest(int out, const struct stage *g, struct hone_err *err)
{
    cJSON *o = manifest(g);
    char *text = json_text(o, 1);
    cJSON_Delete(o);
    if (!text)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    size_t n = strlen(text);
    int rc = tar_put(out, BACKUP_MANIFEST, (int64_t)n, err);
    if (rc == 0 && file_write_all(out, text, n) != 0)
        rc = err_errno(err, "write", "the archive");
    free(text);
    return rc == 0 ? tar_pad(out, (int64_t)n, err) : rc;
}

/* Sizes that the books do not have. */
static int measure(struct stage *g, struct hone_err *err)
{
    struct stat st;
    char path[4200];
    int rc = file_sha256(g->db, g->db_sha256, err);
    if (rc == 0 && stat(g->db, &st) != 0)
        rc = err_errno(err, "look at", g->db);
    g->db_bytes = rc == 0 ? st.st_size : 0;
    for (size_t i = 0; i < g->files.n && rc == 0; i++) {
        if ((rc = stage_path(g, i, path, err)) == 0 && stat(path, &st) != 0)
            rc = err_errno(err, "look at", g->files.v[i].path);
        if (rc == 0)
            g->files.v[i].bytes = st.st_size;
    }
    return rc;
}

static int write_archive(struct stage *g, const char *file, int64_t *bytes, struct hone_err *err)
{
    struct file_out o;
    struct stat st = { 0 };
    char path[4200];
    int rc = measure(g, err);
    if (rc < 0 || (rc = file_out_open(&o, file, err)) < 0)
        return rc;
    o.secret = 1;
    if ((rc = add_manifest(o.fd, g, err)) == 0)
        rc = add_file(o.fd, g->db, "hone.db", g->db_bytes, g->db_sha256, err);
    for (size_t i = 0; i < g->files.n && rc == 0; i++) {
        if ((rc = stage_path(g, i, path, err)) == 0)
            rc = add_file(o.fd, path, g->files.v[i].path, g->files.v[i].bytes, g->files.v[i].sha256, err);
    }
    if (rc == 0)
        rc = tar_end(o.fd, err);
    if (rc == 0 && fstat(o.fd, &st) == 0)
        *bytes = st.st_size;
    int end = file_out_close(&o, rc == 0, rc == 0 ? err : NULL);
    return rc < 0 ? rc : end;
}

static int only_here(const struct api *a, struct hone_err *err)
{
    return a->call->local ? 0 : hone_fail(err, ERR_AUTH, "the state directory is looked after on the daemon's own machine: hone db");
}

cJSON *api_state_backup(struct api *a, const cJSON *in, struct hone_err *err)
{
    struct stage g = { .lock = -1 };
    const char *file = json_str(in, "file", "");
    int64_t bytes = 0;
    cJSON *out = NULL;
    int rc = only_here(a, err);
    if (rc == 0 && strcmp(file, "-") == 0)
        rc = hone_fail(err, HONE_EINVAL, "a backup is written to a file, which appears when it is whole; give its name");
    if (rc == 0)
        rc = access(a->state_dir, F_OK) == 0 ? 0 : hone_fail(err, ERR_NOT_FOUND, "%s holds nothing yet", a->state_dir);
    if (rc == 0 && (rc = stage_open(a, &g, err)) == 0 && (rc = stage_empty(&g, err)) == 0 && (rc = stage_fill(a, &g, err)) == 0)
        rc = write_archive(&g, file, &bytes, err);
    if (rc == 0) {
        out = cJSON_CreateObject();
        json_put_str(out, "file", file);
        json_put_int(out, "bytes", bytes);
        json_put_int(out, "files", (int64_t)g.files.n);
    }
    stage_close(&g);
    return out;
}

/* ---- checking ---- */

static void add_fault(cJSON *faults, const char *path, const char *what, const char *text)
{
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "path", path);
    json_put_str(o, "what", what);
    json_put_str(o, "fault", text);
    cJSON_AddItemToArray(faults, o);
}

/* Whether the books still name the file, as far as can be known: one that was removed meanwhile is no fault. */
static int still_named(struct api *a, const char *path)
{
    struct hone_err ignored;
    struct inventory now = { 0 };
    struct store *s = books_open(a, &ignored);
    int hit = !s || inventory_list(s, &now, &ignored) != 0;
    for (size_t i = 0; i < now.n && !hit; i++)
        hit = strcmp(now.v[i].path, path) == 0;
    books_close(a, s);
    inventory_free(&now);
    return hit;
}

static void check_file(struct api *a, const struct inventory_file *f, cJSON *faults, int64_t *bytes)
{
    char have[65], text[600];
    struct hone_err err = { 0 };
    struct stat st;
    char *path = state_path(a, f->path);
    if (!path || file_sha256(path, have, &err) != 0)
        snprintf(text, sizeof text, "%s", path ? access(path, F_OK) != 0 ? "is missing" : err.text : "memory ran out");
    else if (strcmp(have, f->sha256 ? f->sha256 : "") != 0)
        snprintf(text, sizeof text, "is not what was written: its SHA-256 is %.12s..., not %.12s...", have, f->sha256 ? f->sha256 : "");
    else
        text[0] = '\0';
    if (*text && still_named(a, f->path))
        add_fault(faults, f->path, f->what, text);
    else if (!*text && stat(path, &st) == 0)
        *bytes += st.st_size;
    free(path);
}

cJSON *api_state_check(struct api *a, const cJSON *in, struct hone_err *err)
{
    struct inventory list = { 0 };
    struct hone_err bad = { 0 };
    cJSON *faults = cJSON_CreateArray();
    int64_t bytes = 0;
    (void)in;
    int rc = only_here(a, err);
    struct store *s = rc == 0 ? books_open(a, err) : NULL;
    if (s && store_check(s, &bad) < 0)
        add_fault(faults, "hone.db", "the database", bad.text);
    rc = s ? inventory_list(s, &list, err) : err->code;
    books_close(a, s);
    for (size_t i = 0; i < list.n; i++)
        check_file(a, &list.v[i], faults, &bytes);
    cJSON *out = NULL;
    if (rc == 0) {
        out = cJSON_CreateObject();
        json_put_bool(out, "sound", cJSON_GetArraySize(faults) == 0);
        json_put_int(out, "files", (int64_t)list.n);
        json_put_int(out, "bytes", bytes);
        json_put(out, "faults", faults);
    } else {
        cJSON_Delete(faults);
    }
    inventory_free(&list);
    return out;
}
