/* What comes in: header, path, identity, body. See request.h. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "core/base/clock.h"
#include "core/http/request.h"
#include "core/http/url.h"

#define KEEP_BYTES (64 << 10)     /* of a buffer from one request to the next */

static void shrink(struct buf *b)
{
    if (b->cap > KEEP_BYTES)
        buf_free(b);
    else
        buf_clear(b);
}

void request_reset(struct http_request *r)
{
    struct http_request kept = { .server = r->server, .conn = r->conn, .mhd = r->mhd, .query = r->query, .body = r->body, .out = r->out,
                                 .upload_fd = -1, .media = "application/json" };
    body_free(r);
    events_leave(r->watcher);
    tell_leave(r->telling);
    api_answer_free(&r->answer);
    cJSON_Delete(r->in);
    *r = kept;
    shrink(&r->query);
    shrink(&r->body);
    shrink(&r->out);
}

void request_free(struct http_request *r)
{
    if (!r)
        return;
    request_reset(r);
    buf_free(&r->query);
    buf_free(&r->body);
    buf_free(&r->out);
    free(r);
}

/* ---- the header ---- */

struct reading {
    struct http_request *r;
    struct headers_limits limits;
};

static enum MHD_Result take_line(void *arg, enum MHD_ValueKind kind, const char *name, size_t name_n, const char *value, size_t value_n)
{
    struct reading *reading = arg;
    (void)kind;
    headers_take(&reading->r->headers, &reading->limits, name, name_n, value, value_n);
    return reading->r->headers.status ? MHD_NO : MHD_YES;
}

/* A trace id of our own: unique, not secret, and without a system call each time. */
static void new_trace_id(char out[33])
{
    static _Thread_local uint64_t seed[2];
    if (!seed[0])
        randombytes_buf(seed, sizeof seed);
    seed[0] |= 1;
    for (int half = 0; half < 2; half++) {
        uint64_t z = seed[1] += 0x9e3779b97f4a7c15u; /* SplitMix64 (Steele, Lea and Flood, 2014) */
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        z = (z ^ z >> 31) ^ seed[0];
        for (int i = 0; i < 16; i++, z >>= 4)
            out[half * 16 + i] = "0123456789abcdef"[z & 15];
    }
    out[32] = '\0';
}

/* Whom the request is from. A proxy appends the address that it saw to X-Forwarded-For; what stands before, anybody can have written. */
static void find_peer(struct http_request *r)
{
    const char *list = r->headers.value[FIELD_FORWARDED_FOR];
    struct sockaddr_in a4 = { .sin_family = AF_INET };
    struct sockaddr_in6 a6 = { .sin6_family = AF_INET6 };
    r->address = r->conn->address;
    if (!r->server->config.behind_proxy || !list) {
        memcpy(r->peer, r->conn->peer, sizeof r->peer);
        return;
    }
    const char *last = strrchr(list, ',');
    last = last ? last + 1 : list;
    last += strspn(last, " \t");
    snprintf(r->peer, sizeof r->peer, "%.*s", (int)strcspn(last, " \t"), last);
    if (inet_pton(AF_INET, r->peer, &a4.sin_addr) == 1)
        http_address_of((struct sockaddr *)&a4, &r->address);
    else if (inet_pton(AF_INET6, r->peer, &a6.sin6_addr) == 1)
        http_address_of((struct sockaddr *)&a6, &r->address);
    else
        memcpy(r->peer, r->conn->peer, sizeof r->peer);
}

static int read_header(struct http_request *r, const char *version)
{
    const struct http_config *c = &r->server->config;
    struct reading reading = { .r = r, .limits = { c->header_lines, (size_t)c->header_bytes } };
    headers_start(&r->headers);
    MHD_get_connection_values_n(r->mhd, MHD_HEADER_KIND, take_line, &reading);
    headers_end(&r->headers, strcmp(version, MHD_HTTP_VERSION_1_0) == 0);
    find_peer(r);
    if (!headers_trace_id(r->headers.value[FIELD_TRACEPARENT], r->trace_id))
        new_trace_id(r->trace_id);
    if (r->headers.status) {
        r->close = 1;
        return reply_refuse(r, r->headers.status, "VALIDATION_ERROR", r->headers.why);
    }
    if (r->too_long) {
        r->close = 1;
        return reply_refuse(r, 414, "VALIDATION_ERROR", "the URL is too long; send the members of the request as a JSON body");
    }
    return 0;
}

/* ---- who, and what for ---- */

static int is_open(enum route_kind kind)
{
    return kind == ROUTE_HEALTHZ || kind == ROUTE_READYZ || kind == ROUTE_VERSION || kind == ROUTE_OPENAPI;
}

/* The Unix socket belongs to the daemon's user: that user and root are the administrator, by the kernel's word. */
static int by_socket(struct http_request *r)
{
    if (!r->conn->local || r->headers.value[FIELD_AUTHORIZATION])
        return 0;
    if (r->conn->uid != geteuid() && r->conn->uid != 0)
        return 0;
    r->local = 1;
    r->who = (struct http_identity){ .scope = API_ADMIN, .tenant = "default", .token_id = "socket" };
    return 1;
}

static int identify(struct http_request *r)
{
    if (is_open(r->route.kind) || by_socket(r))
        return 0;
    int status = auth_check(&r->server->auth, r->headers.value[FIELD_AUTHORIZATION], &r->address, conns_now(), &r->who, &r->left, &r->retry_after_s, &r->err);
    if (status == 0)
        return 0;
    return reply_refuse(r, status, status == 401 ? "UNAUTHORIZED" : status == 429 ? "QUOTA_EXCEEDED" : "SERVER_ERROR", r->err.text);
}

/* A token in a URL ends up in logs and histories, so it is no good, even when it is a valid one. */
static int query_has_token(struct http_request *r)
{
    static const char *const names[] = { "token", "access_token", "authorization", "api_key", "apikey" };
    struct buf name = { 0 }, value = { 0 };
    const char *at = buf_str(&r->query);
    int found = 0, rc = 0;
    while (at && *at && !found && (rc = url_query_next(&at, &name, &value)) > 0) {
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            found |= name.n && strcasecmp(name.p, names[i]) == 0;
    }
    buf_free(&name);
    buf_free(&value);
    return rc < 0 ? -1 : found;
}

static int check_method(struct http_request *r)
{
    if (http_route_takes(&r->route, r->method))
        return 0;
    r->allow = http_route_allow(&r->route);
    return reply_refuse(r, 405, "VALIDATION_ERROR", r->route.kind == ROUTE_FUNCTION && (r->route.function->flags & API_CHANGES)
                        ? "this function changes something: call it with POST" : "the path does not take this method");
}

static int check_body(struct http_request *r)
{
    const struct http_config *c = &r->server->config;
    int form = headers_media_is(r->headers.value[FIELD_CONTENT_TYPE], "multipart/form-data");
    int64_t limit = form && r->route.kind == ROUTE_FUNCTION ? c->upload_bytes : c->body_bytes;
    const char *coding = r->headers.value[FIELD_CONTENT_ENCODING];
    r->no_body = !r->headers.chunked && r->headers.length <= 0;
    if (r->no_body)
        return 0;
    if (coding && strcasecmp(coding, "identity") != 0)
        return reply_refuse(r, 415, "VALIDATION_ERROR", "Content-Encoding: send the body as it is, not compressed");
    if (r->headers.length > limit) {
        r->close = 1;
        return reply_refuse(r, 413, "VALIDATION_ERROR", "the body is larger than this server takes; upload a data set with multipart/form-data and "
                            "name it in the request");
    }
    return body_begin(r);
}

int request_open(struct http_request *r, const char *url, const char *method, const char *version)
{
    int bad_path = url_path(url, r->path, sizeof r->path);
    if (bad_path)
        r->path[0] = '\0';
    r->method = http_method_of(method);
    if (read_header(r, version) < 0)
        return -1;
    if (bad_path)
        return reply_refuse(r, 404, "NOT_FOUND", "there is no such path, nor can there be: it has bytes or dots that no path here has");
    if (http_route_find(r->path, &r->route, &r->err) < 0)
        return reply_refuse(r, 404, "NOT_FOUND", r->err.text);
    if (check_method(r) < 0)
        return -1;
    if (r->method == METHOD_OPTIONS)
        return 0;
    int token = query_has_token(r);
    if (token > 0)
        return reply_refuse(r, 401, "UNAUTHORIZED", "a token must not stand in the URL, where logs keep it; revoke it, and send the new one as "
                            "'Authorization: Bearer TOKEN'");
    if (token < 0)
        return reply_refuse(r, 422, "VALIDATION_ERROR", "the query of the URL is badly encoded");
    if (identify(r) < 0)
        return -1;
    return check_body(r);
}

int request_body(struct http_request *r, const char *bytes, size_t n)
{
    r->bytes_in += (int64_t)n;
    if (r->form)
        return body_feed(r, bytes, n);
    if (r->bytes_in > r->server->config.body_bytes) {
        r->close = 1;
        return reply_refuse(r, 413, "VALIDATION_ERROR", "the body is larger than this server takes");
    }
    buf_add(&r->body, bytes, n);
    return buf_oom(&r->body) ? reply_refuse(r, 500, "SERVER_ERROR", "memory ran out") : 0;
}
