/* Files: whole reads, durable writes, hashes. Not a stream library: data readers have their own. */
#ifndef BASE_FILE_H
#define BASE_FILE_H
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "core/base/buf.h"
#include "core/base/err.h"

/* Appends the file to b. ERR_NOT_FOUND (it is missing) or HONE_EIO (a directory, over `max` bytes) name path and cause; b is unchanged then. */
int file_read(const char *path, size_t max, struct buf *b, struct hone_err *err);
/* Replaces path durably: temporary name in the same directory, write, fsync, rename, fsync of the directory.
 * On failure the old file is as it was and the temporary one is gone. */
int file_write_atomic(const char *path, const void *bytes, size_t n, struct hone_err *err);
/* fsync of the directory that holds path. */
int file_sync_dir(const char *path, struct hone_err *err);
/* write(2) of all n bytes, EINTR and short writes handled. 0 or -1 with errno. */
int file_write_all(int fd, const void *bytes, size_t n);
/* Bytes [at, at + n) of an open file, EINTR and short reads handled: n, fewer where the file ends, or -1 with errno. */
ssize_t file_read_at(int fd, void *out, size_t n, int64_t at);
/* mkdir -p, mode 0700 for what is made, which lasts when this returns. */
int file_mkdirs(const char *path, struct hone_err *err);
/* Removes a directory tree; a missing one is no error. Does not follow links. */
int file_remove_tree(const char *path, struct hone_err *err);
/* Removes what lies in an open directory; takes fd. 0 or -1 with errno. */
int file_remove_content(int fd);
/* Copies from one descriptor to another (-1: to nowhere) up to the end or `most` bytes (-1: all); their SHA-256 and number. */
int file_pump(int in, int out, int64_t most, char hex[65], int64_t *bytes, struct hone_err *err);
/* A new file with the bytes of another one, mode 0600, synced. On failure there is none. */
int file_copy(const char *from, const char *to, struct hone_err *err);
/* Lower-case hex SHA-256, 64 characters and a NUL. */
int file_sha256(const char *path, char hex[65], struct hone_err *err);
/* The same of an open file, from its place on to its end; `path` is for the sentence. */
int file_sha256_fd(int fd, const char *path, char hex[65], struct hone_err *err);
void bytes_sha256(const void *bytes, size_t n, char hex[65]);
/* Copies src ("-" is standard input) to a new file under dir named <sha256><suffix>, durably, and returns the hash.
 * An equal file that exists already is kept. Nothing is left behind on failure. `bytes` (may be NULL) gets the size. */
int file_store(const char *src, const char *dir, const char *suffix, char hex[65], int64_t *bytes, struct hone_err *err);
/* A result on its way: a file that appears as a whole or not at all; "-" is standard output, and what exists and is no regular file
 * (a device, a pipe) is written as it is. */
struct file_out {
    int fd;
    char *path, *temporary;  /* owned; temporary NULL: written directly */
    int secret;              /* set it after opening: a new file is its owner's alone (0600), whatever the umask */
};
int file_out_open(struct file_out *o, const char *path, struct hone_err *err);
/* With `good` the file takes its place, durably; else it is gone and an older one stays. Returns 0, or HONE_EIO. */
int file_out_close(struct file_out *o, int good, struct hone_err *err);
/* Whether two names lead to one existing regular file. */
int file_same(const char *a, const char *b);
/* dir + "/" + name in memory of its own (free()), NULL when memory ran out. */
char *path_join(const char *dir, const char *name);
/* The directory of the running program, without a slash at the end; 0 or HONE_EIO. */
int path_program_dir(char *out, size_t size, struct hone_err *err);
/* Where an installed file or folder lies, given the place that it was configured for: below the same folder as the program when
 * the whole tree was moved (DESTDIR, an unpacked package), else at that place. Returns out, which has PATH_MAX bytes. */
const char *path_installed(const char *configured, char *out);

#endif
