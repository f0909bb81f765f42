/* The one body of all failures, in the words of the document, of RFC 9457 and of the clients that are known. Called by reply.c and by
 * the Unix socket's side. */
#ifndef HTTP_ERROR_BODY_H
#define HTTP_ERROR_BODY_H
#include <cjson/cJSON.h>
#include "core/base/buf.h"

#define ERROR_DETAILS 100

struct http_error {
    int status;
    const char *code;          /* one of the document's seven words */
    const char *message;       /* one sentence */
    const char *hint;          /* NULL: the first detail's fix, else what holds for the code */
    int retryable;
    const cJSON *details;      /* [{path, line, column, message, fix}], may be NULL; at most ERROR_DETAILS are told */
};

/* Appends the body as one line of JSON. [any] */
void error_body(struct buf *b, const struct http_error *e, const char *trace_id);
/* "Unprocessable Content" and the like; "" for a status that is not used here. [any, pure] */
const char *error_title(int status);

#endif
