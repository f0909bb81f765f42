/* Events of a job: as Server-Sent Events, or as JSON for who asks for that. See request.h and events.h. */
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/http/request.h"
#include "core/http/url.h"

static int is_over(const char *status)
{
    return strcmp(status, "completed") == 0 || strcmp(status, "failed") == 0 || strcmp(status, "cancelled") == 0;
}

/* The state of a job as monitorTrainingProgress tells it, appended to b. 0 with *ended, or a negative code with the answer. */
static int job_state(struct api *api, const struct api_call *call, struct buf *b, int *ended, struct api_answer *answer, struct hone_err *err)
{
    int rc = api_call_function(api, call, answer, err);
    if (rc < 0)
        return rc;
    struct hone_err ignored;
    cJSON *parsed = answer->text ? json_parse(answer->text->bytes, answer->text->n, "state", &ignored) : NULL;
    const cJSON *data = parsed ? parsed : answer->data;
    *ended = is_over(json_str(data, "status", ""));
    json_print(b, data, 0);
    cJSON_Delete(parsed);
    return 0;
}

int stream_look(void *arg, const char *tenant, const char *job_id, struct buf *b, int *ended)
{
    struct http_server *s = arg;
    struct hone_err err = { 0 };
    struct api_answer answer = { 0 };
    cJSON *in = cJSON_CreateObject();
    json_put_str(in, "job_id", job_id);
    const struct api_call call = { .function = "monitorTrainingProgress", .in = in, .tenant = tenant, .scope = API_READ };
    int rc = job_state(s->program->api, &call, b, ended, &answer, &err);
    api_answer_free(&answer);
    cJSON_Delete(in);
    return rc;
}

/* Last-Event-ID, or `after` in the query for who cannot set headers; 0: none. */
static uint64_t seen(struct http_request *r)
{
    struct buf name = { 0 }, value = { 0 };
    const char *text = r->headers.value[FIELD_LAST_EVENT_ID], *at = buf_str(&r->query);
    uint64_t id = text ? strtoull(text, NULL, 10) : 0;
    while (!text && at && url_query_next(&at, &name, &value) > 0) {
        if (name.n && (strcmp(name.p, "after") == 0 || strcmp(name.p, "last_event_id") == 0))
            id = strtoull(buf_str(&value), NULL, 10);
    }
    buf_free(&name);
    buf_free(&value);
    return id;
}

static ssize_t read_events(void *arg, uint64_t pos, char *to, size_t n)
{
    struct http_request *r = arg;
    (void)pos;
    ptrdiff_t got = events_read(r->watcher, to, n);
    r->bytes_out += got > 0 ? got : 0;
    return got < 0 ? MHD_CONTENT_READER_END_OF_STREAM : got;
}

static enum MHD_Result send_stream(struct http_request *r)
{
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1, read_events, r, NULL);
    if (!response)
        return MHD_NO;
    r->status = 200;
    r->media = "text/event-stream";
    r->stage = STAGE_ANSWERED;
    reply_headers(r, response);
    MHD_add_response_header(response, "X-Accel-Buffering", "no");
    /* Silence is fine here; who takes no bytes is cut by the library's time limit. */
    atomic_store_explicit(&r->conn->deadline, 0, memory_order_relaxed);
    enum MHD_Result rc = MHD_queue_response(r->mhd, 200, response);
    MHD_destroy_response(response);
    return rc;
}

static enum MHD_Result send_list(struct http_request *r, const struct buf *state, int ended)
{
    struct buf list = { 0 };
    events_list(r->server->events, r->who.tenant, r->route.job_id, state->p, state->n, ended, seen(r), &list);
    api_answer_free(&r->answer);
    r->answer.text = buf_oom(&list) ? NULL : api_text_new(list.p, list.n);
    r->answer.status = 200;
    buf_free(&list);
    if (r->answer.text)
        reply_fill(r);
    else
        reply_refuse(r, 500, "SERVER_ERROR", "memory ran out");
    return reply_send(r);
}

enum MHD_Result stream_begin(struct http_request *r)
{
    struct buf state = { 0 };
    const char *accept = r->headers.value[FIELD_ACCEPT];
    int ended = 0, json = accept && headers_accepts(accept, "application/json", 0) && !headers_accepts(accept, "text/event-stream", 0);
    enum MHD_Result rc;
    r->in = cJSON_CreateObject();
    json_put_str(r->in, "job_id", r->route.job_id);
    const struct api_call call = { .function = "monitorTrainingProgress", .in = r->in, .tenant = r->who.tenant, .token_id = r->who.token_id,
                                   .scope = r->who.scope, .local = r->local, .trace_id = r->trace_id };
    if (job_state(r->server->program->api, &call, &state, &ended, &r->answer, &r->err) < 0) {
        rc = answer_call(r);
    } else if (json || r->method == METHOD_HEAD) {
        rc = send_list(r, &state, ended);
    } else {
        uint64_t after = seen(r);
        int over = 0;
        r->watcher = events_watch(r->server->events, r->who.tenant, r->route.job_id, state.p, state.n, ended, after, r->mhd, &over);
        if (over) {                   /* 204 tells a browser not to come back */
            r->status = 204;
            rc = reply_send(r);
        } else if (r->watcher) {
            rc = send_stream(r);
        } else {
            reply_refuse(r, 500, "SERVER_ERROR", "memory ran out");
            rc = reply_send(r);
        }
    }
    buf_free(&state);
    return rc;
}
