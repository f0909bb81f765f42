/* Tar archives of plain files (POSIX.1-1988 "ustar", sizes of 8 GB and more in base 256 as GNU tar and BSD write them). Nothing else is
 * written, and a reader refuses everything else: links, devices, directories. Used for backups. */
#ifndef BASE_TAR_H
#define BASE_TAR_H
#include <stdint.h>
#include "core/base/err.h"

#define TAR_BLOCK 512
#define TAR_NAME 256           /* bytes of a name with its NUL */

struct tar_entry {
    char name[TAR_NAME];
    int64_t bytes;
};

/* Writes the head of a file, whose bytes and then tar_pad() follow. HONE_EINVAL for a name that does not fit, HONE_EIO, ERR_FULL. */
int tar_put(int fd, const char *name, int64_t bytes, struct hone_err *err);
/* Fills up to a whole block behind a file of so many bytes. */
int tar_pad(int fd, int64_t bytes, struct hone_err *err);
/* The end of the archive. */
int tar_end(int fd, struct hone_err *err);
/* Reads the next head: 1 with *e, 0 at the end, or ERR_CORRUPT, HONE_EIO. The file's bytes and its padding are the caller's to read. */
int tar_next(int fd, struct tar_entry *e, struct hone_err *err);
/* How many bytes of padding follow a file. [any, pure] */
int64_t tar_padding(int64_t bytes);

#endif
