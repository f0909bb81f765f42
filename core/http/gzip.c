/* See gzip.h. */
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <zlib.h>
#include "core/http/gzip.h"

#define LEVEL 5
#define GZIP_FORMAT (15 + 16)     /* the largest window; 16: with gzip's header */

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void end(void *stream)
{
    deflateEnd(stream);
    free(stream);
}

static void make_key(void)
{
    pthread_key_create(&key, end);
}

static z_stream *stream_of_thread(void)
{
    pthread_once(&once, make_key);
    z_stream *z = pthread_getspecific(key);
    if (z)
        return deflateReset(z) == Z_OK ? z : NULL;
    z = calloc(1, sizeof *z);
    if (z && deflateInit2(z, LEVEL, Z_DEFLATED, GZIP_FORMAT, 8, Z_DEFAULT_STRATEGY) == Z_OK && pthread_setspecific(key, z) == 0)
        return z;
    free(z);
    return NULL;
}

int gzip_bytes(const char *bytes, size_t n, struct buf *out)
{
    z_stream *z = n <= UINT_MAX / 2 ? stream_of_thread() : NULL;
    if (!z)
        return -1;
    size_t most = deflateBound(z, (uLong)n);
    char *to = most <= UINT_MAX ? buf_room(out, most) : NULL;
    if (!to)
        return -1;
    z->next_in = (unsigned char *)(uintptr_t)bytes;
    z->avail_in = (uInt)n;
    z->next_out = (unsigned char *)to;
    z->avail_out = (uInt)most;
    if (deflate(z, Z_FINISH) != Z_STREAM_END)
        return -1;
    out->n += most - z->avail_out;
    return 0;
}
