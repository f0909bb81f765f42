/* See lock.h. */
#include "core/jobs/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "core/base/buf.h"
#include "core/base/file.h"

#define TRIES 40 /* of 5 ms: job_lock_is_free() holds the lock for a moment */

char *job_dir(const char *state_dir, const char *job_id)
{
    struct buf b = { 0 };
    buf_printf(&b, "%s/jobs/%s", state_dir, job_id);
    return buf_take(&b);
}

static int held(int fd, const char *job_id, struct hone_err *err)
{
    char text[32] = "";
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    long pid = n > 0 ? strtol(text, NULL, 10) : 0;
    if (pid > 0)
        return hone_fail(err, ERR_CONFLICT, "job '%.100s' is being run by process %ld", job_id, pid);
    return hone_fail(err, ERR_CONFLICT, "job '%.100s' is being run by another process", job_id);
}

/* 0 with the lock; it counts only while the file is still the one in the directory (a removed job's is not). */
static int take(int fd, const char *path, const char *job_id, struct hone_err *err)
{
    struct stat mine, there;
    for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return err_errno(err, "lock", path);
        if (i == TRIES)
            return held(fd, job_id, err);
        nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
    }
    if (fstat(fd, &mine) != 0 || stat(path, &there) != 0 || mine.st_ino != there.st_ino || mine.st_dev != there.st_dev)
        return hone_fail(err, ERR_CONFLICT, "job '%.100s' is being removed by another process", job_id);
    char text[32];
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) != 0 || file_write_all(fd, text, (size_t)n) != 0)
        return err_errno(err, "write", path);
    return 0;
}

int job_lock_take(const char *state_dir, const char *job_id, struct hone_err *err)
{
    int fd = -1;
    char *dir = job_dir(state_dir, job_id), *path = dir ? path_join(dir, "lock") : NULL;
    int rc = path ? file_mkdirs(dir, err) : hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (rc == 0 && (fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) < 0)
        rc = err_errno(err, "open", path);
    if (rc == 0)
        rc = take(fd, path, job_id, err);
    if (rc != 0 && fd >= 0)
        close(fd);
    free(path);
    free(dir);
    return rc == 0 ? fd : rc;
}

int job_lock_is_free(const char *state_dir, const char *job_id, struct hone_err *err)
{
    char *dir = job_dir(state_dir, job_id), *path = dir ? path_join(dir, "lock") : NULL;
    int rc, fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (!path)
        rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
    else if (fd < 0)
        rc = errno == ENOENT ? 1 : err_errno(err, "open", path);
    else if (flock(fd, LOCK_SH | LOCK_NB) == 0)
        rc = 1;
    else
        rc = errno == EWOULDBLOCK ? 0 : err_errno(err, "lock", path);
    if (fd >= 0)
        close(fd);
    free(path);
    free(dir);
    return rc;
}
