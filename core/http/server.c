/* The server's life: libmicrohttpd set up, its callbacks, its end. See http.h and request.h.
 * A request's way: begun() with its first line, handle() with its header, with each piece of its body and once more when it is whole,
 * ended() when the answer is out. A request that waits for a thread is suspended in between, and handle() comes again. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/http/openapi.h"
#include "core/http/request.h"

#define SWALLOW (64 << 10)            /* a refused body of so many bytes is read, and the connection stays good */
#define LINGER (4 << 20)              /* of a longer one so many are thrown away, so that a client that still sends gets the answer */
#define LIBRARY_TALK_MS 10000
#define TLS_FILE_BYTES (1 << 20)

/* ---- the library's callbacks ---- */

static void note_connection(void *arg, struct MHD_Connection *mhd, void **context, enum MHD_ConnectionNotificationCode code)
{
    struct http_server *s = arg;
    struct http_conn *conn = *context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        *context = info ? conns_get(&s->conns, info->connect_fd) : NULL;
    } else if (conn) {
        struct http_request *r = conn->request;
        conn->request = NULL;
        conns_remove(&s->conns, conn);
        request_free(r);
    }
}

/* The first line of a request. Returns what handle() gets. */
static void *begun(void *arg, const char *uri, struct MHD_Connection *mhd)
{
    struct http_server *s = arg;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct http_conn *conn = info ? info->socket_context : NULL;
    struct http_request *r = conn ? conn->request : NULL;
    if (conn && !r)
        r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    conn->request = r;
    r->server = s;
    r->conn = conn;
    r->mhd = mhd;
    r->upload_fd = -1;
    r->media = "application/json";
    r->started_us = clock_mono_us();
    atomic_store_explicit(&conn->busy, 1, memory_order_relaxed);
    const char *query = strchr(uri, '?');
    r->too_long = strlen(uri) > (size_t)s->config.url_bytes;
    if (query && query[1] && !r->too_long)
        buf_puts(&r->query, query + 1);
    return r;
}

static enum MHD_Result open_request(struct http_request *r, const char *url, const char *method, const char *version)
{
    r->stage = STAGE_BODY;
    atomic_store_explicit(&r->conn->deadline, conns_now() + r->server->config.body_ms, memory_order_relaxed);
    if (request_open(r, url, method, version) == 0)
        return MHD_YES;
    /* Refused. With a short body or none the connection stays good; else the answer goes out now, and the library closes. */
    int body = r->headers.chunked || r->headers.length > 0, soon = r->close || r->headers.chunked || r->headers.length > SWALLOW;
    r->close |= soon;
    /* Who closes on a client that is sending resets the connection, and the answer is lost. */
    if (soon && body && !r->headers.status && !r->headers.value[FIELD_EXPECT] && reply_raw(r))
        return MHD_YES;
    return soon ? reply_send(r) : MHD_YES;
}

static enum MHD_Result handle(void *arg, struct MHD_Connection *mhd, const char *url, const char *method, const char *version,
                              const char *bytes, size_t *n, void **context)
{
    struct http_request *r = *context;
    (void)arg;
    (void)mhd;
    if (!r)
        return MHD_NO;
    switch (r->stage) {
    case STAGE_HEADER:
        return open_request(r, url, method, version);
    case STAGE_BODY:
        if (*n) {
            if (!r->refused && request_body(r, bytes, *n) < 0 && r->close)
                reply_raw(r);
            r->swallowed += r->refused ? (int64_t)*n : 0;
            *n = 0;
            return r->close && r->swallowed > LINGER ? MHD_NO : MHD_YES;
        }
        atomic_store_explicit(&r->conn->deadline, 0, memory_order_relaxed);
        return answer_begin(r);
    case STAGE_CALLING:
        return answer_call(r);
    default:
        return MHD_YES;
    }
}

static const char *method_name(enum http_method m)
{
    static const char *const names[] = { "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "other" };
    return names[m];
}

static void ended(void *arg, struct MHD_Connection *mhd, void **context, enum MHD_RequestTerminationCode code)
{
    struct http_server *s = arg;
    struct http_request *r = *context;
    (void)mhd;
    if (!r)
        return;
    *context = NULL;
    if (code == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED)
        conns_drop_unsent(r->conn);
    if (r->stage != STAGE_HEADER) {
        int64_t took = clock_mono_us() - r->started_us;
        const char *name = http_route_name(&r->route);
        const struct access_entry e = {
            .trace_id = r->trace_id, .method = method_name(r->method), .path = r->path, .handler = name, .peer = r->peer,
            .token_id = r->who.token_id[0] ? r->who.token_id : NULL, .tenant = r->who.token_id[0] ? r->who.tenant : NULL,
            .agent = r->headers.value[FIELD_USER_AGENT], .code = r->code, .status = r->status, .duration_us = took,
            .bytes_in = r->bytes_in, .bytes_out = r->bytes_out,
        };
        access_log_write(&s->log, &e);
        metrics_note(&s->metrics, name, r->status, took, r->bytes_in, r->bytes_out);
    }
    atomic_store_explicit(&r->conn->deadline, conns_now() + s->config.header_ms, memory_order_relaxed);
    atomic_store_explicit(&r->conn->busy, 0, memory_order_relaxed);
    request_reset(r);
}

/* Paths are decoded by url.c, once; the library leaves them as they came. */
static size_t leave_raw(void *arg, struct MHD_Connection *mhd, char *text)
{
    (void)arg;
    (void)mhd;
    return strlen(text);
}

/* The library's own messages, at most one in a while: most tell of a client's doing. */
__attribute__((format(printf, 2, 0))) static void library_says(void *arg, const char *format, va_list args)
{
    struct http_server *s = arg;
    char text[256];
    int64_t now = conns_now(), told = atomic_load(&s->told);
    if ((told && now < told + LIBRARY_TALK_MS) || !atomic_compare_exchange_strong(&s->told, &told, now))
        return;
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\r\n")] = '\0';
    log_line(LOG_DEBUG, "libmicrohttpd: %s", text);
}

/* ---- the thread of the listener ---- */

static int accepted(void *arg, int fd, const struct sockaddr *from, socklen_t size)
{
    struct http_server *s = arg;
    return MHD_add_connection(s->mhd, fd, from, size) == MHD_YES ? 0 : -1;
}

static void ticked(void *arg, int64_t now)
{
    struct http_server *s = arg;
    access_log_flush(&s->log);
    tell_beat(s, now);
}

/* ---- event streams ---- */

static void wake(void *connection)
{
    MHD_resume_connection(connection);
}

static void wait(void *connection)
{
    MHD_suspend_connection(connection);
}

/* ---- starting ---- */

static int read_tls(struct http_server *s, struct hone_err *err)
{
    struct buf cert = { 0 }, key = { 0 };
    if (!s->config.tls_cert)
        return 0;
    if (file_read(s->config.tls_cert, TLS_FILE_BYTES, &cert, err) < 0 || file_read(s->config.tls_key, TLS_FILE_BYTES, &key, err) < 0) {
        buf_free(&cert);
        return err->code;
    }
    s->tls_cert = buf_take(&cert);
    s->tls_key = buf_take(&key);
    return s->tls_cert && s->tls_key ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out");
}

static int start_library(struct http_server *s, struct hone_err *err)
{
    const struct http_config *c = &s->config;
    unsigned flags = MHD_USE_EPOLL_INTERNALLY | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO | MHD_USE_ERROR_LOG;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned threads = c->threads ? (unsigned)c->threads : cores > 8 ? 8 : cores > 0 ? (unsigned)cores : 1;
    struct MHD_OptionItem options[16];
    int n = 0;
#define OPTION(what, number, pointer) options[n++] = (struct MHD_OptionItem){ what, number, pointer }
    /* Our own table has the limits; the library's are out of its way, per thread as they are. */
    OPTION(MHD_OPTION_CONNECTION_LIMIT, (intptr_t)((unsigned)c->connections * threads + threads), NULL);
    OPTION(MHD_OPTION_CONNECTION_TIMEOUT, (c->header_ms + 999) / 1000, NULL);
    OPTION(MHD_OPTION_CONNECTION_MEMORY_LIMIT, c->connection_bytes, NULL);
    /* What it checks beyond this, headers.c does, and answers in our words. */
    OPTION(MHD_OPTION_STRICT_FOR_CLIENT, 0, NULL);
    OPTION(MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)note_connection, s);
    OPTION(MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)ended, s);
    OPTION(MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)begun, s);
    OPTION(MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)leave_raw, s);
    if (threads > 1)
        OPTION(MHD_OPTION_THREAD_POOL_SIZE, threads, NULL);
    if (c->tls_cert) {
        flags |= MHD_USE_TLS;
        OPTION(MHD_OPTION_HTTPS_MEM_CERT, 0, s->tls_cert);
        OPTION(MHD_OPTION_HTTPS_MEM_KEY, 0, s->tls_key);
        OPTION(MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2");
    }
    OPTION(MHD_OPTION_END, 0, NULL);
#undef OPTION
    s->mhd = MHD_start_daemon(flags, 0, NULL, NULL, handle, s, MHD_OPTION_EXTERNAL_LOGGER, library_says, s, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    if (s->mhd)
        return 0;
    return hone_fail(err, HONE_EIO, c->tls_cert ? "libmicrohttpd cannot start; are %.200s and %.200s a certificate and its key, as PEM?"
                     : "libmicrohttpd cannot start its threads%.0s%.0s", c->tls_cert ? c->tls_cert : "", c->tls_key ? c->tls_key : "");
}

static int open_listeners(struct http_server *s, struct hone_err *err)
{
    const struct http_config *c = &s->config;
    struct listener *l = &s->listener;
    for (int i = 0; c->listen[i]; i++) {
        int beyond = 0, fd = listen_open(c->listen[i], c->backlog, s->bound[i], &beyond, err);
        if (fd < 0)
            return fd;
        l->fd[l->n++] = fd;
        if (beyond && !c->tls_cert && !c->behind_proxy)
            return hone_fail(err, HONE_EINVAL, "%.60s can be reached from other machines, and tokens would travel in the clear; give a certificate "
                             "(http.tlsCert, http.tlsKey), say that a proxy in front does TLS (http.behindProxy), or listen on 127.0.0.1", c->listen[i]);
    }
    return 0;
}

static void close_listeners(struct http_server *s)
{
    for (int i = 0; i < s->listener.n; i++) {
        close(s->listener.fd[i]);
        if (strncmp(s->config.listen[i], "unix:", 5) == 0)
            unlink(s->config.listen[i] + 5);
    }
    s->listener.n = 0;
}

static int start(struct http_server *s, struct hone_err *err)
{
    const struct http_config *c = &s->config;
    const struct events_source source = { .program = s->program, .wake = wake, .wait = wait, .heartbeat_ms = c->heartbeat_ms, .retry_ms = c->retry_ms };
    int rc = http_config_check(c, err);
    if (rc < 0 || (rc = open_listeners(s, err)) < 0 || (rc = read_tls(s, err)) < 0 ||
        (rc = conns_open(&s->conns, c->connections, c->connections_per_address, err)) < 0 ||
        (rc = access_log_open(&s->log, c->access_log, err)) < 0 ||
        (rc = calls_open(&s->calls, c->call_threads, c->long_calls, CALLS_WAIT * c->call_threads, err)) < 0)
        return rc;
    auth_init(&s->auth, s->program, c);
    openapi_write(&s->openapi);
    s->events = events_open(&source);
    if (!s->events || buf_oom(&s->openapi))
        return hone_fail(err, HONE_ENOMEM, "memory or threads ran out");
    if ((rc = start_library(s, err)) < 0)
        return rc;
    s->listener.conns = &s->conns;
    s->listener.header_ms = c->header_ms;
    s->listener.arg = s;
    s->listener.accepted = accepted;
    s->listener.tick = ticked;
    return listener_start(&s->listener, err);
}

struct http_server *http_start(const struct http_config *c, const struct http_program *p, struct hone_err *err)
{
    struct http_server *s = calloc(1, sizeof *s);
    if (!s) {
        hone_fail(err, HONE_ENOMEM, "memory ran out");
        return NULL;
    }
    signal(SIGPIPE, SIG_IGN);
    s->config = *c;
    s->program = p;
    s->log.fd = -1;
    pthread_mutex_init(&s->tellings.lock, NULL);
    if (start(s, err) == 0)
        return s;
    http_stop(s, 0);
    return NULL;
}

const char *http_address(const struct http_server *s, int i)
{
    return i < s->listener.n ? s->bound[i] : NULL;
}

void http_watcher(void *server, const struct api_event *event)
{
    struct http_server *s = server;
    events_take(s->events, event);
}

/* ---- ending ---- */

void http_drain(struct http_server *s)
{
    atomic_store(&s->draining, 1);
}

static int open_connections(struct http_server *s)
{
    pthread_mutex_lock(&s->conns.lock);
    int n = s->conns.open;
    pthread_mutex_unlock(&s->conns.lock);
    return n;
}

/* Waits until all connections are closed; each is cut at its deadline, idle ones at once. */
static void wait_for_requests(struct http_server *s, int grace_ms)
{
    int64_t now = conns_now(), last = now + grace_ms;
    while (open_connections(s) > 0 && now < last + 1000) {
        conns_hurry(&s->conns, now, last);
        conns_cut(&s->conns, now);
        tell_beat(s, now);
        usleep(5000);
        now = conns_now();
    }
}

void http_stop(struct http_server *s, int grace_ms)
{
    if (!s)
        return;
    atomic_store(&s->draining, 1);
    listener_stop(&s->listener);
    close_listeners(s);
    if (s->events)
        events_end(s->events);
    if (s->mhd)
        wait_for_requests(s, grace_ms);
    atomic_store(&s->draining, 2);    /* calls of workers are told to end */
    calls_close(&s->calls);
    while (atomic_load(&s->begun) > 0)
        usleep(1000);
    if (s->mhd)
        MHD_stop_daemon(s->mhd);
    events_close(s->events);
    auth_free(&s->auth);
    access_log_close(&s->log);
    conns_close(&s->conns);
    pthread_mutex_destroy(&s->tellings.lock);
    buf_free(&s->openapi);
    free(s->tls_cert);
    free(s->tls_key);
    free(s);
}
