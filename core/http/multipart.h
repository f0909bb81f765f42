/* multipart/form-data, read as it comes: parts are told piece by piece and nothing is kept but what could be the beginning of a
 * delimiter. It is our own reader because libmicrohttpd's has had memory faults. RFC 7578, strict: CRLF, a name for every part.
 * Called by body.c. */
#ifndef HTTP_MULTIPART_H
#define HTTP_MULTIPART_H
#include <stddef.h>
#include "core/base/err.h"

#define MULTIPART_HEADER 2048      /* bytes of a part's header */
#define MULTIPART_PARTS 64

struct multipart {
    void *arg;
    /* A part begins; `file` is "" for a field. The names are valid until the next call. A negative code ends the reading. */
    int (*begin)(void *arg, const char *name, const char *file, struct hone_err *err);
    int (*data)(void *arg, const char *bytes, size_t n, struct hone_err *err);
    int (*end)(void *arg, struct hone_err *err);
    /* private */
    char delimiter[80];            /* CRLF "--" boundary */
    size_t delimiter_n, matched;
    char header[MULTIPART_HEADER + 1];
    size_t header_n;
    int state, parts;
};

/* Takes the boundary out of a Content-Type; begin, data, end and arg are filled by the caller. 0 or HONE_EINVAL. */
int multipart_start(struct multipart *m, const char *content_type, struct hone_err *err);
/* 0, or a negative code, after which it is not fed again. */
int multipart_feed(struct multipart *m, const char *bytes, size_t n, struct hone_err *err);
/* 0 when the closing delimiter was seen, else HONE_EINVAL. */
int multipart_finish(struct multipart *m, struct hone_err *err);

#endif
