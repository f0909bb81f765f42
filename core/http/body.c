/* The members of a request, from a JSON body, a multipart form or the query of the URL. See request.h. */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/http/multipart.h"
#include "core/http/request.h"
#include "core/http/url.h"

struct body_form {
    struct multipart m;
    struct http_request *r;
    char name[256];
    struct buf value;
    int to_file;
};

/* ---- values that come as text ---- */

static const struct shape *member(const struct shape *members, const char *name)
{
    for (const struct shape *s = members; s && s->name; s++) {
        if (strcmp(s->name, name) == 0 || (s->also && strcmp(s->also, name) == 0))
            return s;
    }
    return NULL;
}

cJSON *body_value(const struct shape *members, const char *name, const char *text)
{
    const struct shape *s = member(members, name);
    struct hone_err ignored;
    if (s && s->type == SHAPE_TEXT && strcmp(text, "null") != 0)
        return cJSON_CreateString(text);
    /* Clients write objects, numbers and null as JSON; what is none is a text, which the check of the request then judges. */
    cJSON *v = json_parse(text, strlen(text), name, &ignored);
    return v ? v : cJSON_CreateString(text);
}

/* ---- multipart ---- */

static int begin_part(void *arg, const char *name, const char *file, struct hone_err *err)
{
    struct body_form *form = arg;
    struct http_request *r = form->r;
    snprintf(form->name, sizeof form->name, "%s", name);
    buf_clear(&form->value);
    form->to_file = *file != '\0';
    if (!form->to_file)
        return 0;
    if (!(r->route.function->flags & API_UPLOAD))
        return hone_fail(err, HONE_EINVAL, "%s takes no file; upload a data set with uploadDataset", r->route.function->name);
    if (r->upload_fd >= 0)
        return hone_fail(err, HONE_EINVAL, "the request has more than one file");
    snprintf(r->upload_name, sizeof r->upload_name, "%s", file);
    r->upload_fd = open(r->server->program->api->state_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return r->upload_fd >= 0 ? 0 : err_errno(err, "make a file for an upload in", "the state directory");
}

static int part_data(void *arg, const char *bytes, size_t n, struct hone_err *err)
{
    struct body_form *form = arg;
    struct http_request *r = form->r;
    if (form->to_file) {
        r->upload_bytes += (int64_t)n;
        return file_write_all(r->upload_fd, bytes, n) == 0 ? 0 : err_errno(err, "write", "the upload");
    }
    if (form->value.n + n > (size_t)r->server->config.body_bytes)
        return hone_fail(err, HONE_EINVAL, "part '%.80s' is larger than this server takes", form->name);
    buf_add(&form->value, bytes, n);
    return 0;
}

static int end_part(void *arg, struct hone_err *err)
{
    struct body_form *form = arg;
    struct http_request *r = form->r;
    if (form->to_file)
        return 0;
    const char *text = buf_str(&form->value);
    if (!text)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for part '%.80s'", form->name);
    if (strlen(text) != form->value.n)
        return hone_fail(err, HONE_EINVAL, "part '%.80s' has a zero byte", form->name);
    if (json_get(r->in, form->name))
        return hone_fail(err, HONE_EINVAL, "part '%.80s' comes twice", form->name);
    (void)json_lost();
    json_put(r->in, form->name, body_value(r->route.function->in, form->name, text));
    return json_lost() ? hone_fail(err, HONE_ENOMEM, "memory ran out for part '%.80s'", form->name) : 0;
}

static int refuse_form(struct http_request *r)
{
    int server = r->err.code == HONE_EIO || r->err.code == HONE_ENOMEM;
    return reply_refuse(r, server ? 500 : 422, server ? "SERVER_ERROR" : "VALIDATION_ERROR", r->err.text);
}

int body_begin(struct http_request *r)
{
    const char *type = r->headers.value[FIELD_CONTENT_TYPE];
    if (r->route.kind != ROUTE_FUNCTION || !type || headers_media_is(type, "application/json"))
        return 0;
    if (!headers_media_is(type, "multipart/form-data")) {
        char text[200];
        snprintf(text, sizeof text, "Content-Type: expected application/json, or multipart/form-data with JSON in its parts; found %.60s", type);
        return reply_refuse(r, 415, "VALIDATION_ERROR", text);
    }
    struct body_form *form = calloc(1, sizeof *form);
    r->in = cJSON_CreateObject();
    if (!form || !r->in) {
        free(form);
        return reply_refuse(r, 500, "SERVER_ERROR", "memory ran out");
    }
    *form = (struct body_form){ .r = r, .m = { .arg = form, .begin = begin_part, .data = part_data, .end = end_part } };
    r->form = form;
    return multipart_start(&form->m, type, &r->err) < 0 ? refuse_form(r) : 0;
}

int body_feed(struct http_request *r, const char *bytes, size_t n)
{
    if (r->bytes_in > r->server->config.upload_bytes) {
        r->close = 1;
        return reply_refuse(r, 413, "VALIDATION_ERROR", "the body is larger than this server takes");
    }
    return multipart_feed(&r->form->m, bytes, n, &r->err) < 0 ? refuse_form(r) : 0;
}

void body_free(struct http_request *r)
{
    if (r->form)
        buf_free(&r->form->value);
    free(r->form);
    r->form = NULL;
    if (r->upload_fd >= 0)
        close(r->upload_fd);
    r->upload_fd = -1;
}

/* ---- JSON and the query ---- */

/* The malformed place as a detail, so that clients find it. */
static int refuse_json(struct http_request *r)
{
    struct json_fault fault = { 0 };
    if (json_check(r->body.p, r->body.n, &fault) != HONE_EINVAL)
        return reply_refuse(r, 500, "SERVER_ERROR", "memory ran out");
    cJSON *d = cJSON_CreateObject();
    json_put_str(d, "path", fault.path);
    json_put_int(d, "line", fault.line);
    json_put_int(d, "column", fault.column);
    json_put_str(d, "message", fault.why);
    json_put_str(d, "fix", "Send one JSON object, as RFC 8259 has it.");
    r->answer.details = cJSON_CreateArray();
    cJSON_AddItemToArray(r->answer.details, d);
    hone_fail(&r->err, HONE_EINVAL, "the body is not valid JSON: line %lld, column %lld: %s", (long long)fault.line, (long long)fault.column,
              fault.why);
    return reply_refuse(r, 422, "VALIDATION_ERROR", r->err.text);
}

static int is_blank(const struct buf *b)
{
    for (size_t i = 0; i < b->n; i++) {
        if (!strchr(" \t\r\n", b->p[i]) || !b->p[i])
            return 0;
    }
    return 1;
}

static int read_json(struct http_request *r)
{
    if (is_blank(&r->body)) {
        r->in = cJSON_CreateObject();
        return r->in ? 0 : reply_refuse(r, 500, "SERVER_ERROR", "memory ran out");
    }
    r->in = json_parse(r->body.p, r->body.n, "body", &r->err);
    if (!r->in)
        return refuse_json(r);
    return cJSON_IsObject(r->in) ? 0 : reply_refuse(r, 422, "VALIDATION_ERROR", "the body is no JSON object");
}

static int read_query(struct http_request *r)
{
    struct buf name = { 0 }, value = { 0 };
    const char *at = buf_str(&r->query);
    int rc = 0;
    while (at && *at && (rc = url_query_next(&at, &name, &value)) > 0) {
        const char *key = buf_str(&name), *text = buf_str(&value);
        if (!key || !text) {
            rc = reply_refuse(r, 500, "SERVER_ERROR", "memory ran out for the query");
            break;
        }
        if (json_get(r->in, key)) {
            hone_fail(&r->err, HONE_EINVAL, "'%.80s' comes twice, in the query or in query and body", key);
            rc = reply_refuse(r, 422, "VALIDATION_ERROR", r->err.text);
            break;
        }
        json_put(r->in, key, body_value(r->route.function->in, key, text));
    }
    buf_free(&name);
    buf_free(&value);
    return rc < 0 ? -1 : 0;
}

static int read_members(struct http_request *r)
{
    if (r->form) {
        if (multipart_finish(&r->form->m, &r->err) < 0)
            return refuse_form(r);
    } else if (read_json(r) < 0) {
        return -1;
    }
    return r->query.n && read_query(r) < 0 ? -1 : 0;
}

int body_end(struct http_request *r)
{
    (void)json_lost();            /* of a request before this one, which was told */
    int rc = read_members(r);
    return json_lost() && rc == 0 ? reply_refuse(r, 500, "SERVER_ERROR", "memory ran out for the request") : rc;
}
