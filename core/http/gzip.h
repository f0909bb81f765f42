/* Whole texts as gzip (RFC 1952), by zlib. Called by reply.c. */
#ifndef HTTP_GZIP_H
#define HTTP_GZIP_H
#include "core/base/buf.h"

/* Appends the compressed bytes. 0, or -1 when memory ran out, and `out` is to be thrown away. Keeps its tables for the next text of the
 * thread. [any] */
int gzip_bytes(const char *bytes, size_t n, struct buf *out);

#endif
