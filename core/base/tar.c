/* See tar.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "core/base/file.h"
#include "core/base/tar.h"

/* Offsets and lengths in a head. */
enum { NAME = 0, NAME_N = 100, MODE = 100, UID = 108, GID = 116, SIZE = 124, SIZE_N = 12, MTIME = 136, SUM = 148, SUM_N = 8, TYPE = 156, MAGIC = 257,
       PREFIX = 345, PREFIX_N = 155 };
#define OCTAL_MAX 0x1ffffffffLL /* what 11 octal digits hold */

static unsigned checksum(const unsigned char *head)
{
    unsigned sum = 0;
    for (int i = 0; i < TAR_BLOCK; i++)
        sum += i >= SUM && i < SUM + SUM_N ? ' ' : head[i];
    return sum;
}

/* Splits the name at a slash when it is too long for its own field. */
static int put_name(unsigned char *head, const char *name)
{
    size_t n = strlen(name);
    if (n <= NAME_N) {
        memcpy(head + NAME, name, n);
        return n > 0;
    }
    for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        size_t front = (size_t)(slash - name), rest = n - front - 1;
        if (front > PREFIX_N || front == 0)
            return 0;
        if (rest > NAME_N || rest == 0)
            continue;
        memcpy(head + PREFIX, name, front);
        memcpy(head + NAME, slash + 1, rest);
        return 1;
    }
    return 0;
}

int tar_put(int fd, const char *name, int64_t bytes, struct hone_err *err)
{
    unsigned char head[TAR_BLOCK] = { 0 };
    char text[16];
    if (bytes < 0 || !put_name(head, name))
        return hone_fail(err, HONE_EINVAL, "the name '%.200s' does not fit into an archive", name);
    memcpy(head + MODE, "0000600", 8);
    memcpy(head + UID, "0000000", 8);
    memcpy(head + GID, "0000000", 8);
    if (bytes <= OCTAL_MAX) {
        snprintf(text, sizeof text, "%011llo", (unsigned long long)bytes);
        memcpy(head + SIZE, text, SIZE_N);
    } else {
        head[SIZE] = 0x80;
        for (int i = 0; i < 8; i++)
            head[SIZE + SIZE_N - 1 - i] = (unsigned char)(bytes >> 8 * i);
    }
    memcpy(head + MTIME, "00000000000", 12);
    head[TYPE] = '0';
    memcpy(head + MAGIC, "ustar\00000", 8);
    snprintf(text, sizeof text, "%06o", checksum(head));
    memcpy(head + SUM, text, 7);
    head[SUM + 7] = ' ';
    return file_write_all(fd, head, sizeof head) == 0 ? 0 : err_errno(err, "write", "the archive");
}

int64_t tar_padding(int64_t bytes)
{
    return (TAR_BLOCK - bytes % TAR_BLOCK) % TAR_BLOCK;
}

static int put_zeros(int fd, size_t n, struct hone_err *err)
{
    static const char zeros[2 * TAR_BLOCK];
    return file_write_all(fd, zeros, n) == 0 ? 0 : err_errno(err, "write", "the archive");
}

int tar_pad(int fd, int64_t bytes, struct hone_err *err)
{
    return put_zeros(fd, (size_t)tar_padding(bytes), err);
}

int tar_end(int fd, struct hone_err *err)
{
    return put_zeros(fd, 2 * TAR_BLOCK, err);
}

/* A whole block: 1, 0 at the end of the file, -1 with err. */
static int read_block(int fd, unsigned char *block, struct hone_err *err)
{
    size_t have = 0;
    while (have < TAR_BLOCK) {
        ssize_t n = read(fd, block + have, TAR_BLOCK - have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, "read", "the archive"), -1;
        if (n == 0 && have == 0)
            return 0;
        if (n == 0)
            return hone_fail(err, ERR_CORRUPT, "the archive ends in the middle"), -1;
        have += (size_t)n;
    }
    return 1;
}

/* -1 for what is no number. */
static int64_t get_octal(const unsigned char *field, int n)
{
    int64_t v = 0;
    int i = 0;
    if (field[0] == 0x80 && n == SIZE_N) {
        for (i = 1; i < 4; i++)
            if (field[i])
                return -1;
        for (; i < n; i++)
            v = (int64_t)((uint64_t)v << 8 | field[i]);
        return v < 0 ? -1 : v;
    }
    for (; i < n && field[i] >= '0' && field[i] <= '7'; i++)
        v = v * 8 + (field[i] - '0');
    return i > 0 && (i == n || field[i] == '\0' || field[i] == ' ') ? v : -1;
}

int tar_next(int fd, struct tar_entry *e, struct hone_err *err)
{
    unsigned char head[TAR_BLOCK];
    static const unsigned char zeros[TAR_BLOCK];
    int got = read_block(fd, head, err);
    if (got < 0)
        return err->code;
    if (got == 0)
        return hone_fail(err, ERR_CORRUPT, "the archive has no end");
    if (memcmp(head, zeros, sizeof head) == 0)
        return 0;
    int64_t sum = get_octal(head + SUM, 7);
    e->bytes = get_octal(head + SIZE, SIZE_N);
    if (sum != checksum(head) || memcmp(head + MAGIC, "ustar", 6) != 0 || e->bytes < 0)
        return hone_fail(err, ERR_CORRUPT, "the archive is damaged or is no tar file");
    if (head[TYPE] != '0' && head[TYPE] != '\0')
        return hone_fail(err, ERR_CORRUPT, "the archive has something else than plain files");
    int front = (int)strnlen((char *)head + PREFIX, PREFIX_N), rest = (int)strnlen((char *)head + NAME, NAME_N);
    snprintf(e->name, sizeof e->name, "%.*s%s%.*s", front, (char *)head + PREFIX, front ? "/" : "", rest, (char *)head + NAME);
    return 1;
}
