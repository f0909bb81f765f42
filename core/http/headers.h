/* A request's header: the fields that matter, and the strict check of all of them. What two readers of one header could understand
 * differently (a length and chunks, two lengths, blanks before a colon) is refused, since that is how a second request is smuggled past
 * a proxy. Not a parser: libmicrohttpd has cut the lines. Called by server.c. */
#ifndef HTTP_HEADERS_H
#define HTTP_HEADERS_H
#include <stddef.h>
#include <stdint.h>

enum http_field {
    FIELD_HOST, FIELD_AUTHORIZATION, FIELD_CONTENT_LENGTH, FIELD_CONTENT_TYPE, FIELD_CONTENT_ENCODING, FIELD_TRANSFER_ENCODING,
    FIELD_ACCEPT, FIELD_ACCEPT_ENCODING, FIELD_IF_NONE_MATCH, FIELD_ORIGIN, FIELD_TRACEPARENT, FIELD_IDEMPOTENCY_KEY,
    FIELD_LAST_EVENT_ID, FIELD_FORWARDED_FOR, FIELD_USER_AGENT, FIELD_EXPECT, FIELD_REQUEST_METHOD, FIELDS
};

struct http_headers {
    const char *value[FIELDS];     /* borrowed from the library until the request's end; NULL: absent */
    int n;                         /* lines */
    size_t bytes;                  /* of all lines */
    int64_t length;                /* of the body as Content-Length says; -1: not said */
    int chunked;
    int status;                    /* 0, or why it is refused: 400 or 431 */
    const char *why;               /* one static sentence */
};

struct headers_limits {
    int lines;
    size_t bytes;
};

/* Zeroed but for the length. */
void headers_start(struct http_headers *h);
/* One line. After a refusal nothing more is taken. */
void headers_take(struct http_headers *h, const struct headers_limits *limits, const char *name, size_t name_n, const char *value,
                  size_t value_n);
/* What only the whole can tell. `old`: HTTP/1.0, which needs no Host. Returns h->status. */
int headers_end(struct http_headers *h, int old);

/* Whether a comma-separated list such as Accept-Encoding or Accept has `token` ("gzip") with a weight above 0; NULL has nothing.
 * A token with a slash also matches "type/" and "any/any" ranges with a star when `ranges`. */
int headers_accepts(const char *list, const char *token, int ranges);
/* Whether If-None-Match names this entity tag (with its quotes), weakly compared, or is a star. */
int headers_etag_matches(const char *list, const char *etag);
/* The media type of a Content-Type without parameters, compared without case. */
int headers_media_is(const char *content_type, const char *media);
/* The trace-id of a W3C traceparent as 32 hex digits; 0 when there is no valid one. */
int headers_trace_id(const char *traceparent, char out[33]);

#endif
