/* An answer told while it is written: invokeAgent with `stream`, as Server-Sent Events. "text" {answer, text} for each piece, whole characters
 * always; last "answer" with the body that the call has without `stream`, or "error" with the body of a failure. What fails before there is
 * anything to tell, a heartbeat among it, is answered as any failure, with its status. See request.h.
 *
 * The call goes on by itself and may outlive its connection, so what both know is counted by references; its lock also orders suspending and
 * resuming the connection. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/http/request.h"

struct telling {
    struct http_server *server;
    struct MHD_Connection *mhd;
    struct telling *next, **at;   /* in the server's list, until the request is over */
    pthread_mutex_t lock;
    int refs;                     /* the request's and the call's */
    int waits;                    /* the connection is suspended */
    int gone;                     /* the request is over, and the connection nobody's */
    int failed;                   /* memory ran out for a piece: what was told is no answer */
    int begun;                    /* there is something to tell */
    int over;                     /* answer and err are how the call ended */
    int heard;                    /* and the connection has taken them, or they are no failure */
    struct api_answer answer;
    struct hone_err err;
    struct buf out;
    size_t sent;
    int64_t said;                 /* conns_now() when the connection last got something */
    /* the connection's own */
    int concluded;                /* the last event is in `out` */
};

static void release(struct telling *t)
{
    pthread_mutex_lock(&t->lock);
    int last = --t->refs == 0;
    pthread_mutex_unlock(&t->lock);
    if (!last)
        return;
    if (!t->heard)
        log_line(LOG_WARN, "invokeAgent with stream, whose client has left: %s", t->err.text);
    api_answer_free(&t->answer);
    buf_free(&t->out);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

/* With the lock: the connection reads on. */
static void wake(struct telling *t)
{
    if (t->waits && !t->gone)
        MHD_resume_connection(t->mhd);
    t->waits = 0;
}

/* ---- the call's side [any] ---- */

static void put_event(struct buf *b, const char *type, const char *data, size_t n)
{
    buf_printf(b, "event: %s\ndata: ", type);
    buf_add(b, data, n);
    buf_add(b, "\n\n", 2);
}

static void event(void *arg, const char *type, const cJSON *fields)
{
    struct telling *t = arg;
    struct buf data = { 0 };
    json_print(&data, fields, 0);
    pthread_mutex_lock(&t->lock);
    if (!t->gone)
        put_event(&t->out, type, data.p, data.n);
    t->failed |= !json_get(fields, "text") || buf_oom(&data) || buf_oom(&t->out);
    t->begun = 1;
    wake(t);
    pthread_mutex_unlock(&t->lock);
    buf_free(&data);
}

static enum api_wish wish(void *arg)
{
    struct telling *t = arg;
    pthread_mutex_lock(&t->lock);
    int over = t->gone || t->failed;
    pthread_mutex_unlock(&t->lock);
    return over ? API_CANCEL : atomic_load_explicit(&t->server->draining, memory_order_relaxed) > 1 ? API_KILL : API_GO;
}

static void told(void *arg, int rc, struct api_answer *answer, const struct hone_err *err)
{
    struct telling *t = arg;
    struct http_server *s = t->server;
    pthread_mutex_lock(&t->lock);
    t->answer = *answer;
    *answer = (struct api_answer){ 0 };
    t->err = *err;
    t->heard = rc >= 0 || rc == ERR_CANCELLED;
    t->over = 1;
    wake(t);
    pthread_mutex_unlock(&t->lock);
    release(t);
    atomic_fetch_sub(&s->begun, 1);
}

/* ---- the server's side ---- */

void tell_beat(struct http_server *s, int64_t now)
{
    pthread_mutex_lock(&s->tellings.lock);
    for (struct telling *t = s->tellings.first; t; t = t->next) {
        pthread_mutex_lock(&t->lock);
        if (t->waits && !t->over && now - t->said >= s->config.heartbeat_ms) {
            t->said = now;
            t->begun = 1;
            buf_add(&t->out, ":\n\n", 3);
            wake(t);
        }
        pthread_mutex_unlock(&t->lock);
    }
    pthread_mutex_unlock(&s->tellings.lock);
}

static void enter_list(struct telling *t)
{
    struct tellings *all = &t->server->tellings;
    pthread_mutex_lock(&all->lock);
    t->at = &all->first;
    if ((t->next = all->first))
        t->next->at = &t->next;
    all->first = t;
    pthread_mutex_unlock(&all->lock);
}

static void leave_list(struct telling *t)
{
    pthread_mutex_lock(&t->server->tellings.lock);
    *t->at = t->next;
    if (t->next)
        t->next->at = t->at;
    pthread_mutex_unlock(&t->server->tellings.lock);
}

/* ---- the connection's side ---- */

/* The last event: the body of the call's answer. */
static void conclude(struct http_request *r, struct telling *t)
{
    r->answer = t->answer;
    t->answer = (struct api_answer){ 0 };
    r->err = t->err;
    reply_fill(r);
    if (buf_oom(&r->out)) {
        log_line(LOG_WARN, "invokeAgent with stream: memory ran out for the last event, the connection is closed");
        t->failed = t->heard = 1;
        return;
    }
    if (r->out.n && r->out.p[r->out.n - 1] == '\n')
        r->out.n--;
    put_event(&t->out, r->status < 400 ? "answer" : "error", r->out.p ? r->out.p : "", r->out.n);
    t->heard = 1;
    r->status = 200;              /* what the line of the status said; r->code has what went wrong */
    t->concluded = 1;
}

static ssize_t read_on(void *arg, uint64_t pos, char *to, size_t n)
{
    struct http_request *r = arg;
    struct telling *t = r->telling;
    (void)pos;
    pthread_mutex_lock(&t->lock);
    if (t->over && !t->concluded && !t->failed) {
        conclude(r, t);
        atomic_store_explicit(&r->conn->deadline, conns_now() + r->server->config.write_ms, memory_order_relaxed);
    }
    size_t left = t->out.n - t->sent, some = left < n ? left : n;
    ssize_t got = (ssize_t)some;
    if (t->failed || buf_oom(&t->out)) {
        got = MHD_CONTENT_READER_END_WITH_ERROR;
    } else if (some) {
        memcpy(to, t->out.p + t->sent, some);
        t->sent += some;
        t->said = conns_now();
        r->bytes_out += got;
        if (t->sent == t->out.n) {
            buf_clear(&t->out);
            t->sent = 0;
        }
    } else if (t->concluded) {
        got = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        t->waits = 1;
        MHD_suspend_connection(r->mhd);
    }
    pthread_mutex_unlock(&t->lock);
    return got;
}

enum MHD_Result tell_begin(struct http_request *r, struct api_call *call)
{
    struct telling *t = calloc(1, sizeof *t);
    if (!t) {
        reply_refuse(r, 500, "SERVER_ERROR", "memory ran out");
        return reply_send(r);
    }
    *t = (struct telling){ .server = r->server, .mhd = r->mhd, .refs = 2, .waits = 1, .said = conns_now() };
    pthread_mutex_init(&t->lock, NULL);
    const struct api_hooks hooks = { .arg = t, .event = event, .wish = wish };
    r->telling = t;
    r->stage = STAGE_CALLING;
    call->hooks = &hooks;
    atomic_fetch_add(&r->server->begun, 1);
    MHD_suspend_connection(r->mhd);
    enter_list(t);
    api_begin_function(r->server->program->api, call, told, t);
    return MHD_YES;
}

enum MHD_Result tell_answer(struct http_request *r)
{
    struct telling *t = r->telling;
    pthread_mutex_lock(&t->lock);
    int plain = t->over && !t->begun && t->answer.status >= 400;
    if (plain) {
        r->answer = t->answer;
        t->answer = (struct api_answer){ 0 };
        r->err = t->err;
        t->heard = 1;
    }
    pthread_mutex_unlock(&t->lock);
    if (plain) {
        reply_fill(r);
        return reply_send(r);
    }
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read_on, r, NULL);
    return response ? stream_queue(r, response) : MHD_NO;
}

void tell_leave(struct telling *t)
{
    if (!t)
        return;
    leave_list(t);
    pthread_mutex_lock(&t->lock);
    t->gone = 1;
    pthread_mutex_unlock(&t->lock);
    release(t);
}
