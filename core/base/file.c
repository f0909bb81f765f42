/* See file.h. What is written appears whole: under a temporary name first, then renamed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/base/crash.h"
#include "core/base/file.h"

#define PIECE ((size_t)256 << 10)

ssize_t file_read_at(int fd, void *out, size_t n, int64_t at)
{
    size_t done = 0;
    while (done < n) {
        ssize_t got = pread(fd, (char *)out + done, n - done, (off_t)(at + (int64_t)done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

int file_write_all(int fd, const void *bytes, size_t n)
{
    const char *p = bytes;
    while (n > 0) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            if (done == 0)
                errno = EIO;
            return -1;
        }
        p += done;
        n -= (size_t)done;
    }
    return 0;
}

/* Opens a regular file for reading. A missing one is ERR_NOT_FOUND where somebody named it, else a file of ours that is gone: HONE_EIO. */
static int open_regular(const char *path, int named, struct stat *st, struct hone_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return named ? err_open(err, path) : err_errno(err, "open", path);
    if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
        return fd;
    close(fd);
    return hone_fail(err, HONE_EIO, "%s: %s; expected a file", path, S_ISDIR(st->st_mode) ? "is a directory" : "is not a file");
}

int file_read(const char *path, size_t max, struct buf *b, struct hone_err *err)
{
    struct stat st;
    size_t before = b->n;
    int fd = open_regular(path, 1, &st, err), ret = 0;
    if (fd < 0)
        return fd;
    while (!ret) {
        if (b->n - before > max) {
            ret = hone_fail(err, HONE_EIO, "%s: larger than the %zu bytes that are read", path, max);
            break;
        }
        char *to = buf_room(b, PIECE);
        if (!to) {
            ret = hone_fail(err, HONE_ENOMEM, "%s: memory ran out", path);
            break;
        }
        ssize_t n = read(fd, to, PIECE);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            ret = err_errno(err, "read", path);
        if (n <= 0)
            break;
        b->n += (size_t)n;
        b->p[b->n] = '\0';
    }
    close(fd);
    if (ret && b->p) {
        b->n = before;
        b->p[before] = '\0';
    }
    return ret;
}

/* The directory part of a path, "." when there is none; free(). */
static char *dir_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

int file_sync_dir(const char *path, struct hone_err *err)
{
    char *dir = dir_of(path);
    if (!dir)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret = 0;
    if (fd < 0 || (fsync(fd) && errno != EINVAL && errno != EROFS))
        ret = err_errno(err, "sync", dir);
    if (fd >= 0)
        close(fd);
    free(dir);
    return ret;
}

int file_write_atomic(const char *path, const void *bytes, size_t n, struct hone_err *err)
{
    char *temporary = NULL;
    int ret = 0;
    if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        ret = err_errno(err, "create", path);
    } else if (fchmod(fd, 0644) || file_write_all(fd, bytes, n) || (crash_at(CRASH_file_written), fsync(fd)) || rename(temporary, path)) {
        ret = err_errno(err, "write", path);
        unlink(temporary);
    }
    crash_at(CRASH_file_renamed);
    if (fd >= 0)
        close(fd);
    free(temporary);
    return ret ? ret : file_sync_dir(path, err);
}

int file_mkdirs(const char *path, struct hone_err *err)
{
    char *p = strdup(path);
    struct stat st;
    int ret = 0;
    if (!p)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    for (char *s = p; !ret; s++) {
        if (s == p ? *s != '\0' : *s != '/' && *s != '\0')
            continue;
        char end = *s;
        *s = '\0';
        if (mkdir(p, 0700) == 0) {
            if ((ret = file_sync_dir(p, err)))
                rmdir(p);
        } else if (errno != EEXIST) {
            ret = err_errno(err, "create the directory", p);
        }
        *s = end;
        if (!end)
            break;
    }
    if (!ret && (stat(p, &st) || !S_ISDIR(st.st_mode)))
        ret = hone_fail(err, HONE_EIO, "%s: exists and is not a directory", path);
    free(p);
    return ret;
}

int file_remove_content(int fd)
{
    DIR *d = fdopendir(fd);
    struct dirent *e;
    int ret = 0;
    if (!d) {
        close(fd);
        return -1;
    }
    while (!ret && (e = readdir(d))) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || unlinkat(dirfd(d), e->d_name, 0) == 0)
            continue;
        int inner = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner < 0 || file_remove_content(inner) || unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR))
            ret = -1;
    }
    int saved = errno;
    closedir(d);
    errno = saved;
    return ret;
}

int file_remove_tree(const char *path, struct hone_err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : err_errno(err, "open", path);
    if (file_remove_content(fd) || rmdir(path))
        return err_errno(err, "remove", path);
    return 0;
}

void bytes_sha256(const void *bytes, size_t n, char hex[65])
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(digest, bytes, n);
    sodium_bin2hex(hex, 65, digest, sizeof digest);
}

/* Reads in to its end (or `most` bytes, -1: all), hashing, and copying to out when it is not -1. 0, 1 (reading failed) or 2 (writing failed). */
static int pump(int in, int out, int64_t most, char hex[65], int64_t *bytes)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state sha;
    char *piece = malloc(PIECE);
    int ret = piece ? 0 : 1;
    *bytes = 0;
    crypto_hash_sha256_init(&sha);
    while (!ret && *bytes != most) {
        size_t want = most >= 0 && most - *bytes < (int64_t)PIECE ? (size_t)(most - *bytes) : PIECE;
        ssize_t n = read(in, piece, want);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            ret = n < 0;
            break;
        }
        crypto_hash_sha256_update(&sha, (unsigned char *)piece, (size_t)n);
        if (out >= 0 && file_write_all(out, piece, (size_t)n))
            ret = 2;
        *bytes += n;
    }
    crypto_hash_sha256_final(&sha, digest);
    sodium_bin2hex(hex, 65, digest, sizeof digest);
    free(piece);
    return ret;
}

int file_pump(int in, int out, int64_t most, char hex[65], int64_t *bytes, struct hone_err *err)
{
    int how = pump(in, out, most, hex, bytes);
    return how ? err_errno(err, how == 1 ? "read" : "write", "a copy") : 0;
}

int file_copy(const char *from, const char *to, struct hone_err *err)
{
    char hex[65];
    int64_t bytes;
    struct stat st;
    int in = open_regular(from, 0, &st, err), ret = 0;
    if (in < 0)
        return in;
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (out < 0)
        ret = err_errno(err, "create", to);
    else if (pump(in, out, -1, hex, &bytes) || fsync(out))
        ret = err_errno(err, "copy", from);
    if (out >= 0)
        close(out);
    if (ret && out >= 0)
        unlink(to);
    close(in);
    return ret;
}

int file_sha256_fd(int fd, const char *path, char hex[65], struct hone_err *err)
{
    int64_t bytes;
    return pump(fd, -1, -1, hex, &bytes) ? err_errno(err, "read", path) : 0;
}

int file_sha256(const char *path, char hex[65], struct hone_err *err)
{
    struct stat st;
    int fd = open_regular(path, 0, &st, err);
    if (fd < 0)
        return fd;
    int ret = file_sha256_fd(fd, path, hex, err);
    close(fd);
    return ret;
}

/* Gives the file in `temporary` its name, whose contents have the hash. One of that name that is whole stays the file that it is: who was allowed
 * to open it may be about to. Where the file system has no links, it takes the other one's place. */
static int store_as(int out, const char *temporary, const char *final, const char hex[65], struct hone_err *err)
{
    char have[65];
    struct hone_err ignored;
    if (fsync(out))
        return err_errno(err, "store", final);
    int linked = link(temporary, final) == 0;
    int there = !linked && errno == EEXIST && file_sha256(final, have, &ignored) == 0 && strcmp(have, hex) == 0;
    if (linked || there)
        unlink(temporary);
    else if (rename(temporary, final))
        return err_errno(err, "store", final);
    int ret = file_sync_dir(final, err);
    if (ret && !there)
        unlink(final); /* a second sync would tell nothing */
    return ret;
}

int file_store(const char *src, const char *dir, const char *suffix, char hex[65], int64_t *bytes, struct hone_err *err)
{
    char *temporary = NULL, *final = NULL;
    struct stat st;
    int64_t n = 0;
    int in = strcmp(src, "-") == 0 ? dup(STDIN_FILENO) : open(src, O_RDONLY | O_CLOEXEC | O_NOCTTY), out = -1, ret = 0;
    if (in < 0)
        return err_errno(err, "read", strcmp(src, "-") == 0 ? "standard input" : src);
    if (fstat(in, &st) == 0 && S_ISDIR(st.st_mode)) {
        close(in);
        return hone_fail(err, HONE_EIO, "%s: is a directory; expected a file", src);
    }
    if (asprintf(&temporary, "%s/.new.XXXXXX", dir) < 0) {
        temporary = NULL;
        ret = hone_fail(err, HONE_ENOMEM, "memory ran out");
        goto out;
    }
    if ((out = mkostemp(temporary, O_CLOEXEC)) < 0) {
        ret = err_errno(err, "create a file in", dir);
        goto out;
    }
    int how = pump(in, out, -1, hex, &n);
    if (how)
        ret = err_errno(err, how == 1 ? "read" : "store a copy of", src);
    else if (asprintf(&final, "%s/%s%s", dir, hex, suffix) < 0)
        ret = hone_fail(err, HONE_ENOMEM, "memory ran out");
    else
        ret = store_as(out, temporary, final, hex, err);
    if (ret)
        unlink(temporary);
    if (bytes)
        *bytes = n;
out:
    close(in);
    if (out >= 0)
        close(out);
    free(temporary);
    free(final);
    return ret;
}

int file_out_open(struct file_out *o, const char *path, struct hone_err *err)
{
    struct stat st;
    int there = stat(path, &st) == 0;
    *o = (struct file_out){ .fd = -1 };
    if (strcmp(path, "-") == 0) {
        o->fd = STDOUT_FILENO;
        return 0;
    }
    o->path = there && S_ISREG(st.st_mode) ? realpath(path, NULL) : strdup(path); /* a link stays one */
    int ret = o->path ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (!ret && there && S_ISDIR(st.st_mode))
        ret = hone_fail(err, HONE_EIO, "%s: is a directory; expected a file", path);
    else if (!ret && there && !S_ISREG(st.st_mode) && (o->fd = open(path, O_WRONLY | O_CLOEXEC)) < 0)
        ret = err_errno(err, "open", path);
    else if (!ret && o->fd < 0 && asprintf(&o->temporary, "%s.XXXXXX", o->path) < 0)
        ret = hone_fail(err, HONE_ENOMEM, "memory ran out");
    else if (!ret && o->fd < 0 && (o->fd = mkostemp(o->temporary, O_CLOEXEC)) < 0)
        ret = err_errno(err, "create", path);
    if (ret) {
        free(o->temporary);
        free(o->path);
        *o = (struct file_out){ .fd = -1 };
    }
    return ret;
}

int file_out_close(struct file_out *o, int good, struct hone_err *err)
{
    int ret = 0;
    mode_t mask = umask(0);
    umask(mask);
    if (o->temporary) {
        if (good && (fchmod(o->fd, o->secret ? 0600 : 0666 & ~mask) || fsync(o->fd) || rename(o->temporary, o->path)))
            ret = err_errno(err, "write", o->path);
        if (!good || ret)
            unlink(o->temporary);
    }
    if (o->path && o->fd >= 0)
        close(o->fd);
    if (good && !ret && o->temporary)
        ret = file_sync_dir(o->path, err);
    free(o->temporary);
    free(o->path);
    *o = (struct file_out){ .fd = -1 };
    return ret;
}

int file_same(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && S_ISREG(x.st_mode) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

char *path_join(const char *dir, const char *name)
{
    char *p = NULL;
    return asprintf(&p, "%s/%s", dir, name) < 0 ? NULL : p;
}

int path_program_dir(char *out, size_t size, struct hone_err *err)
{
    ssize_t n = readlink("/proc/self/exe", out, size - 1);
    if (n >= 0)
        errno = ENAMETOOLONG;
    if (n <= 0 || (size_t)n >= size - 1)
        return err_errno(err, "read", "/proc/self/exe");
    out[n] = '\0';
    char *slash = strrchr(out, '/');
    if (slash)
        *(slash == out ? slash + 1 : slash) = '\0';
    return 0;
}
