/* See headers.h. RFC 9110 and 9112; traceparent: W3C Trace Context. */
#include <string.h>
#include <strings.h>
#include "core/http/headers.h"

static const struct {
    const char *name;
    int n, single;
} fields[FIELDS] = {
#define FIELD(text, single) { text, sizeof text - 1, single }
    [FIELD_HOST] = FIELD("host", 1),
    [FIELD_AUTHORIZATION] = FIELD("authorization", 1),
    [FIELD_CONTENT_LENGTH] = FIELD("content-length", 1),
    [FIELD_CONTENT_TYPE] = FIELD("content-type", 1),
    [FIELD_CONTENT_ENCODING] = FIELD("content-encoding", 1),
    [FIELD_TRANSFER_ENCODING] = FIELD("transfer-encoding", 1),
    [FIELD_ACCEPT] = FIELD("accept", 0),
    [FIELD_ACCEPT_ENCODING] = FIELD("accept-encoding", 0),
    [FIELD_IF_NONE_MATCH] = FIELD("if-none-match", 1),
    [FIELD_ORIGIN] = FIELD("origin", 1),
    [FIELD_TRACEPARENT] = FIELD("traceparent", 1),
    [FIELD_IDEMPOTENCY_KEY] = FIELD("idempotency-key", 1),
    [FIELD_LAST_EVENT_ID] = FIELD("last-event-id", 1),
    [FIELD_FORWARDED_FOR] = FIELD("x-forwarded-for", 0),
    [FIELD_USER_AGENT] = FIELD("user-agent", 0),
    [FIELD_EXPECT] = FIELD("expect", 1),
    [FIELD_REQUEST_METHOD] = FIELD("access-control-request-method", 1),
#undef FIELD
};

void headers_start(struct http_headers *h)
{
    memset(h, 0, sizeof *h);
    h->length = -1;
}

static void refuse(struct http_headers *h, int status, const char *why)
{
    if (h->status)
        return;
    h->status = status;
    h->why = why;
}

/* tchar of RFC 9110, 5.6.2. */
static int is_token_char(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static int name_is_good(const char *name, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!is_token_char((unsigned char)name[i]))
            return 0;
    }
    return n > 0;
}

static int value_is_good(const char *value, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)value[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return 0;
    }
    return 1;
}

static void take_field(struct http_headers *h, enum http_field f, const char *value)
{
    if (h->value[f] && fields[f].single)
        refuse(h, 400, "a header field that may stand once stands twice");
    /* Of lists that stand in several lines the last is kept: it decides nothing but form, or was added by the nearest proxy. */
    h->value[f] = value;
}

void headers_take(struct http_headers *h, const struct headers_limits *limits, const char *name, size_t name_n, const char *value,
                  size_t value_n)
{
    if (h->status)
        return;
    h->n++;
    h->bytes += name_n + value_n + 4;
    if (h->n > limits->lines || h->bytes > limits->bytes) {
        refuse(h, 431, h->n > limits->lines ? "the request has too many header fields" : "the header of the request is too long");
        return;
    }
    if (!name_is_good(name, name_n) || (value && !value_is_good(value, value_n))) {
        refuse(h, 400, "a header field has a character that must not stand there");
        return;
    }
    for (int f = 0; f < FIELDS; f++) {
        if ((size_t)fields[f].n == name_n && strncasecmp(fields[f].name, name, name_n) == 0) {
            take_field(h, (enum http_field)f, value ? value : "");
            return;
        }
    }
}

static void check_length(struct http_headers *h)
{
    const char *s = h->value[FIELD_CONTENT_LENGTH];
    size_t n = strlen(s);
    int64_t v = 0;
    if (n == 0 || n > 18 || strspn(s, "0123456789") != n) {
        refuse(h, 400, "Content-Length is no plain number of at most 18 digits");
        return;
    }
    for (size_t i = 0; i < n; i++)
        v = v * 10 + (s[i] - '0');
    h->length = v;
}

int headers_end(struct http_headers *h, int old)
{
    const char *te = h->value[FIELD_TRANSFER_ENCODING];
    if (te && h->value[FIELD_CONTENT_LENGTH])
        refuse(h, 400, "the request has both Content-Length and Transfer-Encoding");
    if (te && (strcasecmp(te, "chunked") != 0 || old))
        refuse(h, 400, "Transfer-Encoding is something else than chunked");
    if (!old && (!h->value[FIELD_HOST] || strpbrk(h->value[FIELD_HOST], " \t,/@\\")))
        refuse(h, 400, "the request has no good Host");
    if (!h->status && h->value[FIELD_CONTENT_LENGTH])
        check_length(h);
    h->chunked = te != NULL;
    return h->status;
}

/* ---- reading values ---- */

/* Whether the parameters behind an element of a list say q=0. */
static int weighs_nothing(const char *from, const char *to)
{
    for (const char *s = from; s < to; s++) {
        if (*s != ';')
            continue;
        const char *q = s + 1;
        while (q < to && (*q == ' ' || *q == '\t'))
            q++;
        if (to - q >= 3 && (*q == 'q' || *q == 'Q') && q[1] == '=' && q[2] == '0') {
            for (q += 3; q < to && (*q == '.' || *q == '0'); q++)
                ;
            return q == to || *q == ' ' || *q == ';';
        }
    }
    return 0;
}

static int range_matches(const char *s, size_t n, const char *token)
{
    const char *slash = strchr(token, '/');
    size_t kind = slash ? (size_t)(slash - token) + 1 : 0;
    return (n == 3 && memcmp(s, "*/*", 3) == 0) || (kind && n == kind + 1 && strncasecmp(s, token, kind) == 0 && s[kind] == '*');
}

int headers_accepts(const char *list, const char *token, int ranges)
{
    size_t n = strlen(token);
    int wide = 0;
    while (list && *list) {
        const char *end = strchrnul(list, ',');
        const char *from = list + strspn(list, " \t");
        size_t word = strcspn(from, " \t;,");
        if (word == n && strncasecmp(from, token, n) == 0)
            return !weighs_nothing(from + word, end);
        if (ranges && range_matches(from, word, token))
            wide = !weighs_nothing(from + word, end);
        list = *end ? end + 1 : end;
    }
    return wide;
}

int headers_etag_matches(const char *list, const char *etag)
{
    size_t n = strlen(etag);
    while (list && *list) {
        list += strspn(list, " \t,");
        if (*list == '*')
            return 1;
        if (strncmp(list, "W/", 2) == 0)
            list += 2;
        if (strncmp(list, etag, n) == 0 && (!list[n] || strchr(" \t,", list[n])))
            return 1;
        list = strchrnul(list, ',');
    }
    return 0;
}

int headers_media_is(const char *content_type, const char *media)
{
    size_t n = strlen(media);
    return content_type && strncasecmp(content_type, media, n) == 0 && (!content_type[n] || strchr("; \t", content_type[n]));
}

int headers_trace_id(const char *traceparent, char out[33])
{
    static const char hex[] = "0123456789abcdef";
    size_t n = traceparent ? strlen(traceparent) : 0;
    out[0] = '\0';
    /* 00-<32>-<16>-<2>; later versions may be longer. */
    if (n < 55 || strspn(traceparent, hex) != 2 || strspn(traceparent + 3, hex) != 32 || strspn(traceparent + 36, hex) != 16 ||
        strspn(traceparent + 53, hex) != 2 || traceparent[2] != '-' || traceparent[35] != '-' || traceparent[52] != '-' ||
        strncmp(traceparent, "ff", 2) == 0 || (strncmp(traceparent, "00", 2) == 0 && n != 55) || (n > 55 && traceparent[55] != '-') ||
        strspn(traceparent + 3, "0") == 32 || strspn(traceparent + 36, "0") >= 16)
        return 0;
    memcpy(out, traceparent + 3, 32);
    out[32] = '\0';
    return 1;
}
