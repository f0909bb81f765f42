/* What goes out: envelope, error body, headers, gzip. See request.h. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/http/error_body.h"
#include "core/http/gzip.h"
#include "core/http/request.h"

/* Failures are RFC 9457's problems as well, for who asks for those by name. */
static const char *failure_media(const struct http_request *r)
{
    return headers_accepts(r->headers.value[FIELD_ACCEPT], "application/problem+json", 0) ? "application/problem+json" : "application/json";
}

static void log_failure(const struct http_request *r, const char *message)
{
    const char *before = log_trace(r->trace_id);
    log_line(LOG_ERROR, "%s: %s", http_route_name(&r->route), message);
    log_trace(before);
}

int reply_refuse(struct http_request *r, int status, const char *code, const char *message)
{
    struct http_error e = { .status = status, .code = code, .message = message, .details = r->answer.details,
                            .retryable = status == 429 || status >= 500 };
    if (status >= 500)
        log_failure(r, message);
    if (status >= 500 && !r->local)
        e.message = "the server could not do this";
    r->status = status;
    r->code = code;
    r->refused = 1;
    r->media = failure_media(r);
    buf_clear(&r->out);
    error_body(&r->out, &e, r->trace_id);
    return -1;
}

/* ---- the document's envelope ---- */

/* What is wrong within the server is for its log: messages name files and statements. */
static const char *said(const struct http_request *r, int code)
{
    if (code == ERR_FULL && !r->local)
        return "the server's disk is full; nothing was changed";
    int inner = code == HONE_EIO || code == HONE_ENOMEM || code == ERR_CORRUPT || strchr(r->err.text, '/');
    return r->answer.status >= 500 && inner && !r->local ? "the server could not do this" : r->err.text;
}

static void fill_failure(struct http_request *r)
{
    const struct api_answer *a = &r->answer;
    struct http_error e = { .status = a->status, .code = a->code, .message = said(r, r->err.code), .retryable = a->retryable,
                            .details = a->details };
    if (a->status >= 500)
        log_failure(r, r->err.text);
    r->code = a->code;
    r->media = failure_media(r);
    r->final_conflict = a->status == 409 && !a->retryable;
    r->retry_after_s = a->retry_after_s ? a->retry_after_s : a->status == 429 ? 1 : 0;
    error_body(&r->out, &e, r->trace_id);
}

void reply_etag(struct http_request *r, const char *bytes, size_t n)
{
    unsigned char hash[16];
    if (r->method != METHOD_GET && r->method != METHOD_HEAD)
        return;
    crypto_generichash(hash, sizeof hash, (const unsigned char *)bytes, n, NULL, 0);
    r->etag[0] = '"';
    sodium_bin2hex(r->etag + 1, sizeof r->etag - 1, hash, sizeof hash);
    memcpy(r->etag + 33, "\"", 2);
}

void reply_fill(struct http_request *r)
{
    static const char head[] = "{\"success\": true, \"data\": ", middle[] = ", \"trace_id\": \"";
    struct api_answer *a = &r->answer;
    r->status = a->status;
    buf_clear(&r->out);
    if (a->status >= 400) {
        fill_failure(r);
        return;
    }
    buf_add(&r->out, head, sizeof head - 1);
    size_t from = r->out.n;
    if (a->text)
        buf_add(&r->out, a->text->bytes, a->text->n);
    else
        json_print(&r->out, a->data, 0);
    if (!buf_oom(&r->out))
        reply_etag(r, r->out.p + from, r->out.n - from);   /* of the data alone: the trace id differs each time */
    buf_add(&r->out, middle, sizeof middle - 1);
    buf_add(&r->out, r->trace_id, 32);
    buf_add(&r->out, "\"}\n", 3);
    if (buf_oom(&r->out))
        reply_refuse(r, 500, "SERVER_ERROR", "memory ran out for an answer");
}

/* ---- headers ---- */

static void add(struct MHD_Response *response, const char *name, const char *value)
{
    MHD_add_response_header(response, name, value);
}

static void add_cors(struct http_request *r, struct MHD_Response *response)
{
    const char *const *allowed = r->server->config.cors, *origin = r->headers.value[FIELD_ORIGIN];
    if (!*allowed)
        return;
    add(response, "Vary", "Origin");
    while (origin && *allowed && strcmp(*allowed, "*") != 0 && strcmp(*allowed, origin) != 0)
        allowed++;
    if (!origin || !*allowed)
        return;
    add(response, "Access-Control-Allow-Origin", **allowed == '*' ? "*" : origin);
    add(response, "Access-Control-Expose-Headers", "Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, X-Should-Retry, ETag");
    if (r->method != METHOD_OPTIONS || !r->headers.value[FIELD_REQUEST_METHOD])
        return;
    add(response, "Access-Control-Allow-Methods", r->allow);
    add(response, "Access-Control-Allow-Headers", "Authorization, Content-Type, Accept, X-App-Id, X-Origin-URL, X-Base44-Anonymous-Id, "
        "Base44-Functions-Version, Base44-State, X-Data-Env, on-behalf-of, Idempotency-Key, If-None-Match, Last-Event-ID, traceparent");
    add(response, "Access-Control-Max-Age", "600");
}

static void add_limit(struct MHD_Response *response, const char *policy, int64_t most, int left, int reset_s, int window_s)
{
    char text[96];
    snprintf(text, sizeof text, "\"%s\";r=%d;t=%d", policy, left, reset_s);
    add(response, "RateLimit", text);
    snprintf(text, sizeof text, window_s ? "\"%s\";q=%lld;w=%d" : "\"%s\";q=%lld", policy, (long long)most, window_s);
    add(response, "RateLimit-Policy", text);
}

/* What is left of the limits on requests; of a refusal, which limit it was. */
static void add_limits(struct http_request *r, struct MHD_Response *response)
{
    const struct http_config *c = &r->server->config;
    const struct api_answer *a = &r->answer;
    char text[24];
    snprintf(text, sizeof text, "%d", r->retry_after_s);
    if (r->retry_after_s)
        add(response, "Retry-After", text);
    if (r->status == 429 && a->quota)
        add_limit(response, a->quota, a->quota_limit, 0, r->retry_after_s, a->quota_window_s);
    else if (r->status == 429 && r->refused && !r->who.token_id[0])
        add_limit(response, "logins", c->login_failures, 0, r->retry_after_s, 60);
    else if (r->status == 429 && !(r->refused && r->left.policy && r->left.left == 0))
        add_limit(response, "busy", CALLS_WAIT * c->call_threads, 0, r->retry_after_s, 60);
    else if (r->left.policy)
        add_limit(response, r->left.policy, r->left.most, r->left.left, r->left.reset_s, AUTH_WINDOW_MS / 1000);
}

void reply_headers(struct http_request *r, struct MHD_Response *response)
{
    add(response, "Content-Type", r->media);
    add(response, "X-Request-Id", r->trace_id);
    add(response, "X-Content-Type-Options", "nosniff");
    add(response, "Cache-Control", r->etag[0] ? "private, no-cache" : "no-store");
    add(response, "Referrer-Policy", "no-referrer");
    if (r->etag[0])
        add(response, "ETag", r->etag);
    if (r->allow)
        add(response, "Allow", r->allow);
    if (r->close)
        add(response, "Connection", "close");
    if (r->status == 401)
        add(response, "WWW-Authenticate", "Bearer realm=\"hone\"");
    if (r->final_conflict)
        add(response, "X-Should-Retry", "false");
    if (r->answer.replayed)
        add(response, "Idempotent-Replayed", "true");
    if (r->retry_after_s || r->left.policy)
        add_limits(r, response);
    add_cors(r, response);
}

/* ---- sending ---- */

/* 1 when `out` is compressed now. */
static int compress(struct http_request *r)
{
    const struct http_config *c = &r->server->config;
    int zipped = 0;
    if (!c->gzip_bytes || r->out.n < (size_t)c->gzip_bytes || !headers_accepts(r->headers.value[FIELD_ACCEPT_ENCODING], "gzip", 0))
        return 0;
    struct buf small = { 0 };
    if (gzip_bytes(r->out.p, r->out.n, &small) == 0 && small.n < r->out.n) {
        struct buf old = r->out;
        r->out = small;
        small = old;
        zipped = 1;
    }
    buf_free(&small);
    return zipped;
}

enum MHD_Result reply_send(struct http_request *r)
{
    if (r->etag[0] && r->status == 200 && headers_etag_matches(r->headers.value[FIELD_IF_NONE_MATCH], r->etag)) {
        r->status = 304;
        buf_clear(&r->out);
    }
    int zipped = compress(r);
    if (buf_oom(&r->out))
        return MHD_NO;
    /* `out` stays as it is until the request is complete. */
    struct MHD_Response *response = MHD_create_response_from_buffer(r->out.n, r->out.n ? r->out.p : (char *)(uintptr_t)"", MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    reply_headers(r, response);
    if (zipped)
        add(response, "Content-Encoding", "gzip");
    if (r->server->config.gzip_bytes && !r->server->config.cors[0])
        add(response, "Vary", "Accept-Encoding");
    r->stage = STAGE_ANSWERED;
    r->bytes_out = (int64_t)r->out.n;
    atomic_store_explicit(&r->conn->deadline, conns_now() + r->server->config.write_ms, memory_order_relaxed);
    enum MHD_Result rc = MHD_queue_response(r->mhd, (unsigned)r->status, response);
    MHD_destroy_response(response);
    return rc;
}

int reply_raw(struct http_request *r)
{
    char head[512];
    if (r->server->config.tls_cert)
        return 0;
    int n = snprintf(head, sizeof head, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nX-Request-Id: %s\r\n%s"
                     "Cache-Control: no-store\r\nConnection: close\r\n\r\n", r->status, error_title(r->status), r->media, r->out.n, r->trace_id,
                     r->status == 401 ? "WWW-Authenticate: Bearer realm=\"hone\"\r\n" : "");
    struct iovec v[2] = { { head, (size_t)n }, { r->out.p, r->out.n } };
    struct msghdr m = { .msg_iov = v, .msg_iovlen = 2 };
    if (sendmsg(r->conn->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
        r->bytes_out = (int64_t)r->out.n;
    shutdown(r->conn->fd, SHUT_WR);
    return 1;
}
