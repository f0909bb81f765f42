/* Events of a job: as Server-Sent Events, or as JSON for who asks for that. See request.h and events.h. */
#include <stdlib.h>
#include <string.h>
#include "core/http/request.h"
#include "core/http/url.h"

#define LIST_LIMIT 200

/* Last-Event-ID, or `after` in the query for who cannot set headers; 0: none. */
static int64_t seen(struct http_request *r)
{
    struct buf name = { 0 }, value = { 0 };
    const char *text = r->headers.value[FIELD_LAST_EVENT_ID], *at = buf_str(&r->query);
    int64_t id = text ? strtoll(text, NULL, 10) : 0;
    while (!text && at && url_query_next(&at, &name, &value) > 0) {
        if (name.n && (strcmp(name.p, "after") == 0 || strcmp(name.p, "last_event_id") == 0))
            id = strtoll(buf_str(&value), NULL, 10);
    }
    buf_free(&name);
    buf_free(&value);
    return id > 0 ? id : 0;
}

static ssize_t read_events(void *arg, uint64_t pos, char *to, size_t n)
{
    struct http_request *r = arg;
    (void)pos;
    ptrdiff_t got = events_read(r->watcher, to, n);
    r->bytes_out += got > 0 ? got : 0;
    return got < 0 ? MHD_CONTENT_READER_END_OF_STREAM : got;
}

enum MHD_Result stream_queue(struct http_request *r, struct MHD_Response *response)
{
    r->status = 200;
    r->media = "text/event-stream";
    r->stage = STAGE_ANSWERED;
    reply_headers(r, response);
    MHD_add_response_header(response, "X-Accel-Buffering", "no");
    enum MHD_Result rc = MHD_queue_response(r->mhd, 200, response);
    MHD_destroy_response(response);
    return rc;
}

static enum MHD_Result send_stream(struct http_request *r)
{
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1, read_events, r, NULL);
    return response ? stream_queue(r, response) : MHD_NO;
}

static enum MHD_Result failed(struct http_request *r, int code)
{
    api_answer_fail(&r->answer, code, NULL);
    r->answer.data = NULL;
    return answer_call(r);
}

static enum MHD_Result send_list(struct http_request *r)
{
    struct buf list = { 0 };
    int rc = events_list(r->server->events, r->who.tenant, r->route.job_id, seen(r), LIST_LIMIT, &list, &r->err);
    if (rc == 0)
        r->answer = (struct api_answer){ .status = 200, .text = api_text_new(list.p, list.n) };
    buf_free(&list);
    if (rc < 0 || !r->answer.text)
        return failed(r, rc < 0 ? rc : hone_fail(&r->err, HONE_ENOMEM, "memory ran out"));
    return answer_call(r);
}

enum MHD_Result stream_begin(struct http_request *r)
{
    const char *accept = r->headers.value[FIELD_ACCEPT];
    int over = 0, json = accept && headers_accepts(accept, "application/json", 0) && !headers_accepts(accept, "text/event-stream", 0);
    if (!r->server->program->events_since)
        return failed(r, hone_fail(&r->err, ERR_NOT_FOUND, "this server keeps no events"));
    if (json || r->method == METHOD_HEAD)
        return send_list(r);
    r->watcher = events_watch(r->server->events, r->who.tenant, r->route.job_id, seen(r), r->mhd, &over, &r->err);
    if (r->watcher)
        return send_stream(r);
    if (!over)
        return failed(r, r->err.code);
    r->status = 204;                  /* which tells a browser not to come back */
    return reply_send(r);
}
