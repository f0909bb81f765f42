/* Data files in the state directory: kept under their hash, shared by jobs, removed with the last job that uses them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/api/priv.h"
#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/data/examples.h"
#include "core/jobs/lock.h"

int file_usable(const char *path, struct hone_err *err)
{
    struct stat st;
    if (strcmp(path, "-") == 0)
        return 0;
    if (stat(path, &st) != 0)
        return err_open(err, path);
    if (S_ISDIR(st.st_mode))
        return hone_fail(err, HONE_EINVAL, "%s: this is a directory; give a file", path);
    return 0;
}

/* ".jsonl" of "data.JSONL"; ".data" where the suffix tells readers nothing: whoever uploads a file does not choose how ours is called. */
static void suffix_of(const char *path, const char *format, char out[16])
{
    static const char *const known[] = { ".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".txt" };
    const char *base = strrchr(path, '/'), *dot = strrchr(base ? base : path, '.');
    if (strcmp(format, "auto") != 0) {
        snprintf(out, 16, ".%s", format);
        return;
    }
    snprintf(out, 16, ".data");
    for (size_t i = 0; dot && i < sizeof known / sizeof known[0]; i++) {
        if (strcasecmp(dot, known[i]) == 0)
            snprintf(out, 16, "%s", known[i]);
    }
}

int keep_file(struct api *a, const char *path, const char *format, struct kept *k, struct hone_err *err)
{
    return keep_file_as(a, path, path, format, k, err);
}

int keep_file_as(struct api *a, const char *path, const char *name, const char *format, struct kept *k, struct hone_err *err)
{
    char suffix[16];
    *k = (struct kept){ .format = format ? format : "auto" };
    int rc = file_usable(path, err);
    if (rc == 0 && data_format_of_name(k->format) < 0)
        rc = hone_fail(err, HONE_EINVAL, "there is no data format '%.40s'; known are auto, jsonl, json, csv, tsv, fasttext, chat, alpaca, text",
                       k->format);
    if (rc < 0)
        return rc;
    suffix_of(name, k->format, suffix);
    char *dir = state_path(a, "data");
    rc = dir ? file_mkdirs(dir, err) : hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (rc == 0)
        rc = file_store(path, dir, suffix, k->sha256, &k->bytes, err);
    if (rc == 0) {
        if (asprintf(&k->file, "data/%s%s", k->sha256, suffix) < 0)
            k->file = NULL;
        k->path = k->file ? state_path(a, k->file) : NULL;
        k->name = strdup(name);
        if (!k->path || !k->name)
            rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
    }
    free(dir);
    if (rc < 0)
        kept_free(k);
    return rc;
}

void kept_free(struct kept *k)
{
    free(k->name);
    free(k->file);
    free(k->path);
    k->name = k->file = k->path = NULL;
}

int hold_data(struct api *a, struct hone_err *err)
{
    char *dir = state_path(a, "data");
    int rc = dir ? file_mkdirs(dir, err) : hone_fail(err, HONE_ENOMEM, "memory ran out");
    int fd = rc == 0 ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (rc == 0 && (fd < 0 || flock(fd, LOCK_SH) != 0))
        rc = err_errno(err, "lock", dir);
    if (rc < 0 && fd >= 0)
        close(fd);
    free(dir);
    return rc < 0 ? rc : fd;
}

int stored_data_whole(const struct api *a, const char *file, const char *sha256, struct hone_err *err)
{
    char have[65];
    char *path = state_path(a, file);
    int rc = path ? file_sha256(path, have, err) : hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (rc == 0 && strcmp(have, sha256) != 0)
        rc = hone_fail(err, ERR_CORRUPT, "%s: the stored data is not what the job was started with", path);
    free(path);
    return rc;
}

/* Removes the files of a hash, whatever their suffix. */
static void remove_stored(int dir_fd, const char *sha256)
{
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        if (strlen(sha256) == 64 && strncmp(e->d_name, sha256, 64) == 0)
            unlinkat(dir_fd, e->d_name, 0);
    }
    if (d)
        closedir(d);
    else if (fd >= 0)
        close(fd);
}

void drop_unused(struct api *a, const char *sha256, int hold)
{
    struct hone_err err;
    struct store *s = hold >= 0 ? books_open(a, &err) : NULL;
    if (hold >= 0 && flock(hold, LOCK_EX | LOCK_NB) == 0) {
        int64_t users = s ? job_data_users(s, sha256, &err) : err.code == ERR_NOT_FOUND ? 0 : -1;
        if (users == 0)
            remove_stored(hold, sha256);
        flock(hold, LOCK_UN); /* a dup() of it may be open */
    }
    books_close(a, s);
    if (hold >= 0)
        close(hold);
}

/* ---- what the books no longer name ---- */

static int later(struct api *a, char kind, const char *what)
{
    char *text = NULL;
    if (!a->held || !a->discards || asprintf(&text, "%c%s", kind, what) < 0)
        return 0;
    cJSON_AddItemToArray(a->discards, cJSON_CreateString(text));
    free(text);
    return 1;
}

void discard_data(struct api *a, const char *sha256)
{
    struct hone_err ignored;
    if (sha256 && !later(a, 'd', sha256))
        drop_unused(a, sha256, hold_data(a, &ignored));
}

static void discard_tree(struct api *a, const char *dir, struct hone_err *why)
{
    if (!later(a, 't', dir))
        file_remove_tree(dir, why);
}

void discard_job(struct api *a, const struct job_row *row, struct hone_err *why)
{
    char *dir = job_dir(a->state_dir, row->id);
    if (dir)
        discard_tree(a, dir, why);
    free(dir);
    discard_data(a, row->data_sha256);
    discard_data(a, row->validation_sha256);
}

void discards_run(struct api *a)
{
    const cJSON *d;
    cJSON_ArrayForEach(d, a->discards) {
        struct hone_err why = { 0 };
        if (d->valuestring[0] == 'd')
            discard_data(a, d->valuestring + 1);
        else if (file_remove_tree(d->valuestring + 1, &why) < 0)
            log_line(LOG_WARN, "%s", why.text);
    }
    cJSON_Delete(a->discards);
    a->discards = NULL;
}

int remove_parts(const char *job_dir)
{
    DIR *d = opendir(job_dir);
    int n = 0;
    for (struct dirent *e; d && (e = readdir(d));) {
        size_t len = strlen(e->d_name);
        n += len > 5 && strcmp(e->d_name + len - 5, ".part") == 0 && unlinkat(dirfd(d), e->d_name, 0) == 0;
    }
    if (d)
        closedir(d);
    return n;
}

/* Whether an entry of jobs/ or data/ is of use to nobody. */
static int is_orphan(struct api *a, struct store *s, int is_job, const char *name)
{
    struct hone_err ignored;
    struct job_row row;
    char sha256[65];
    if (is_job) {
        if (job_get(s, name, &row, &ignored) == 0)
            return job_free(&row), 0;
        return ignored.code == ERR_NOT_FOUND && job_lock_is_free(a->state_dir, name, &ignored) == 1;
    }
    snprintf(sha256, sizeof sha256, "%.64s", name);
    return name[strspn(name, "0123456789abcdef")] != '.' || strspn(name, "0123456789abcdef") != 64 || strchr(strchr(name, '.') + 1, '.') ||
           job_data_users(s, sha256, &ignored) == 0;
}

static int sweep(struct api *a, struct store *s, int is_job)
{
    struct hone_err ignored;
    char *dir = state_path(a, is_job ? "jobs" : "data");
    DIR *d = dir ? opendir(dir) : NULL;
    int n = 0, mine = d && (is_job || flock(dirfd(d), LOCK_EX | LOCK_NB) == 0); /* a command line may be storing data */
    for (struct dirent *e; mine && (e = readdir(d));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        char *path = path_join(dir, e->d_name);
        if (path && is_orphan(a, s, is_job, e->d_name))
            n += (is_job ? file_remove_tree(path, &ignored) : unlink(path)) == 0;
        else if (path && is_job && job_lock_is_free(a->state_dir, e->d_name, &ignored) == 1)
            n += remove_parts(path);
        free(path);
    }
    if (d)
        closedir(d);
    free(dir);
    return n;
}

int sweep_orphans(struct api *a)
{
    struct hone_err ignored;
    struct store *s = books_open(a, &ignored);
    int n = s ? sweep(a, s, 1) + sweep(a, s, 0) : 0;
    books_close(a, s);
    return n;
}

void drop_empty(const struct api *a, int fresh)
{
    static const char *const dirs[] = { "data", "jobs" };
    for (size_t i = 0; i < 2; i++) {
        char *dir = state_path(a, dirs[i]);
        if (dir)
            rmdir(dir);
        free(dir);
    }
    if (fresh)
        rmdir(a->state_dir);
}

/* Replaces each `from` in text by `to`. */
static void replace(char *text, size_t size, const char *from, const char *to)
{
    struct buf b = { 0 };
    size_t len = strlen(from);
    const char *at = text, *hit;
    if (!len)
        return;
    for (; (hit = strstr(at, from)); at = hit + len) {
        buf_add(&b, at, (size_t)(hit - at));
        buf_puts(&b, to);
    }
    buf_puts(&b, at);
    if (!buf_oom(&b))
        snprintf(text, size, "%s", buf_str(&b));
    buf_free(&b);
}

void user_names(struct hone_err *err, const struct kept *const *k, int n)
{
    for (int i = 0; i < n; i++) {
        if (k[i]->path)
            replace(err->text, sizeof err->text, k[i]->path, strcmp(k[i]->name, "-") == 0 ? "standard input" : k[i]->name);
    }
}
