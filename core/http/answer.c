/* A request that is whole: answered at once, or by a thread that may wait. See request.h. */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/http/request.h"

#define REPORT_BYTES (64 << 20)

/* ---- the call ---- */

static enum api_wish wish(void *arg)
{
    struct http_request *r = arg;
    return atomic_load_explicit(&r->server->draining, memory_order_relaxed) > 1 ? API_KILL : API_GO;
}

/* What a function wrote to its descriptor becomes the member `report`: as JSON when it is JSON, else as text. */
static int read_written(struct http_request *r, int fd, struct hone_err *err)
{
    struct buf b = { 0 };
    struct hone_err ignored;
    off_t n = lseek(fd, 0, SEEK_END);
    if (n <= 0)
        return 0;
    char *to = n <= REPORT_BYTES ? buf_room(&b, (size_t)n) : NULL;
    if (!to || file_read_at(fd, to, (size_t)n, 0) != n) {
        buf_free(&b);
        return hone_fail(err, HONE_EIO, "the answer cannot be read back, or is larger than %d bytes", REPORT_BYTES);
    }
    b.n = (size_t)n;
    const char *text = buf_str(&b), *media = json_str(r->answer.data, "media_type", "");
    cJSON *v = strcmp(media, "application/json") == 0 ? json_parse(text, b.n, "report", &ignored) : NULL;
    if (!v && strlen(text) == b.n && utf8_invalid_at(text, b.n) == b.n)
        v = cJSON_CreateString(text);
    int there = v != NULL;
    json_put(r->answer.data, "report", v);
    buf_free(&b);
    return there ? 0 : hone_fail(err, HONE_EIO, "the answer is no text");
}

static void fill_call(struct http_request *r, struct api_call *call)
{
    const struct api_function *f = r->route.function;
    *call = (struct api_call){
        .function = f->name, .in = r->in, .tenant = r->who.tenant, .token_id = r->who.token_id, .scope = r->who.scope,
        .local = r->local, .trace_id = r->trace_id, .fd = -1, .upload_fd = r->upload_fd, .upload_name = r->upload_name,
    };
    if ((f->flags & API_CHANGES) && r->headers.value[FIELD_IDEMPOTENCY_KEY]) {
        call->idempotency_key = r->headers.value[FIELD_IDEMPOTENCY_KEY];
        call->body_sha256 = r->body_sha256;
    }
}

static void call_function(struct http_request *r, const struct api_hooks *hooks)
{
    struct api_call call;
    int streams = (r->route.function->flags & API_STREAM) != 0;
    fill_call(r, &call);
    call.hooks = hooks;
    if (streams)
        call.fd = open(r->server->program->api->state_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    api_answer_free(&r->answer);
    int rc = streams && call.fd < 0 ? err_errno(&r->err, "make a file in", "the state directory")
                                    : api_call_function(r->server->program->api, &call, &r->answer, &r->err);
    if (rc >= 0 && call.fd >= 0 && r->answer.data)
        rc = read_written(r, call.fd, &r->err);
    if (rc < 0 && r->answer.status < 400)
        api_answer_fail(&r->answer, rc, NULL);
    if (call.fd >= 0)
        close(call.fd);
}

static void run_call(void *arg)
{
    struct http_request *r = arg;
    const struct api_hooks hooks = { .arg = r, .wish = wish };
    (void)json_lost();            /* of what this thread did before; body_end() has looked at r->in */
    call_function(r, &hooks);
    MHD_resume_connection(r->mhd);
}

/* How a call that was begun has ended. [any] */
static void told(void *arg, int rc, struct api_answer *answer, const struct hone_err *err)
{
    struct http_request *r = arg;
    struct http_server *s = r->server;
    (void)rc;
    r->answer = *answer;
    *answer = (struct api_answer){ 0 };
    r->err = *err;
    MHD_resume_connection(r->mhd);
    atomic_fetch_sub(&s->begun, 1);
}

/* Another use of the same key is told by the body's hash; a multipart body is told by its members and its file's length. */
static void hash_body(struct http_request *r)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    struct buf b = { 0 };
    if (r->form) {
        json_print(&b, r->in, 0);
        buf_printf(&b, "%s %lld", r->upload_name, (long long)r->upload_bytes);
    }
    const struct buf *of = r->form ? &b : &r->body;
    crypto_hash_sha256(hash, (const unsigned char *)(of->p ? of->p : ""), of->n);
    sodium_bin2hex(r->body_sha256, sizeof r->body_sha256, hash, sizeof hash);
    buf_free(&b);
}

/* Agents that are kept ready answer without a thread that waits. */
static enum MHD_Result begin_call(struct http_request *r)
{
    struct api_call call;
    const struct api_hooks hooks = { .arg = r, .wish = wish };
    fill_call(r, &call);
    call.hooks = &hooks;
    api_answer_free(&r->answer);
    if (r->method != METHOD_HEAD && json_bool(r->in, "stream", 0))
        return tell_begin(r, &call);
    r->stage = STAGE_CALLING;
    atomic_fetch_add(&r->server->begun, 1);
    MHD_suspend_connection(r->mhd);
    api_begin_function(r->server->program->api, &call, told, r);
    return MHD_YES;
}

static enum MHD_Result hand_over(struct http_request *r)
{
    r->stage = STAGE_CALLING;
    r->call = (struct http_call){ .run = run_call, .arg = r, .is_long = (r->route.function->flags & API_LONG) != 0 };
    MHD_suspend_connection(r->mhd);
    if (calls_add(&r->server->calls, &r->call) < 0) {
        r->retry_after_s = 1;
        reply_refuse(r, 429, "QUOTA_EXCEEDED", "the server is busy: too many calls wait for their turn");
        MHD_resume_connection(r->mhd);
    }
    return MHD_YES;
}

/* monitorTrainingProgress for who takes events: those of the job, since clients made for Base44 reach nothing but functions. */
static int wants_events(struct http_request *r)
{
    const char *accept = r->headers.value[FIELD_ACCEPT], *id = json_str(r->in, "job_id", "");
    if (strcmp(r->route.function->name, "monitorTrainingProgress") != 0 || !headers_accepts(accept, "text/event-stream", 0) ||
        headers_accepts(accept, "application/json", 0) || !*id || strlen(id) >= sizeof r->route.job_id)
        return 0;
    snprintf(r->route.job_id, sizeof r->route.job_id, "%s", id);
    return 1;
}

static enum MHD_Result function(struct http_request *r)
{
    const unsigned waits = API_LONG | API_CHANGES | API_STREAM | API_UPLOAD;
    if (body_end(r) < 0)
        return reply_send(r);
    const char *key = r->headers.value[FIELD_IDEMPOTENCY_KEY];
    if (key && (!*key || strlen(key) > 255)) {
        reply_refuse(r, 422, "VALIDATION_ERROR", "Idempotency-Key has 1 to 255 characters");
        return reply_send(r);
    }
    if (key && (r->route.function->flags & API_CHANGES))
        hash_body(r);
    if (wants_events(r))
        return stream_begin(r);
    if (r->route.function->begin && r->server->program->api->serving && !json_get(r->in, "batch") &&
        !json_get(r->in, "explore")) /* these take a worker of their own */
        return begin_call(r);
    if (r->route.function->flags & waits)
        return hand_over(r);
    call_function(r, NULL);
    return answer_call(r);
}

enum MHD_Result answer_call(struct http_request *r)
{
    if (r->telling)
        return tell_answer(r);
    if (!r->refused)
        reply_fill(r);
    return reply_send(r);
}

enum MHD_Result answer_begin(struct http_request *r)
{
    if (r->refused)
        return reply_send(r);
    if (r->method == METHOD_OPTIONS) {
        r->status = 204;
        r->allow = http_route_allow(&r->route);
        return reply_send(r);
    }
    if (r->route.kind == ROUTE_FUNCTION)
        return function(r);
    if (r->route.kind == ROUTE_EVENTS)
        return stream_begin(r);
    system_answer(r);
    return reply_send(r);
}
