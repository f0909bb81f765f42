/* What comes over HTTP and is read by code of ours: paths, queries, header lines, tokens, forms, requests. See fuzz.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/function.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/http/multipart.h"
#include "core/http/request.h"
#include "core/http/url.h"
#include "tests/fuzz/fuzz.h"

/* A path that is taken has no way out: no empty, "." or ".." segment, no control character, and is text. */
static void path(const uint8_t *bytes, size_t n)
{
    char out[PATH_BYTES], *raw = fuzz_string(bytes, n);
    struct route route;
    struct hone_err err = { 0 };
    if (url_path(raw, out, sizeof out) == 0) {
        REQUIRE(out[0] == '/' && strlen(out) < sizeof out && utf8_invalid_at(out, strlen(out)) == strlen(out));
        REQUIRE(!strstr(out, "//") && !strchr(out, '\\'));
        for (const char *s = out; (s = strchr(s, '/')) != NULL; s++)
            REQUIRE(strncmp(s, "/../", 4) != 0 && strcmp(s, "/..") != 0 && strncmp(s, "/./", 3) != 0 && strcmp(s, "/.") != 0);
        for (const char *s = out; *s; s++)
            REQUIRE((unsigned char)*s >= ' ' && *s != 127);
        if (http_route_find(out, &route, &err) == 0) {
            REQUIRE(route.kind != ROUTE_NONE && (route.kind == ROUTE_FUNCTION) == (route.function != NULL));
            REQUIRE(memchr(route.job_id, '\0', sizeof route.job_id) != NULL && *http_route_allow(&route) && *http_route_name(&route));
        }
    }
    free(raw);
}

static void query(const uint8_t *bytes, size_t n)
{
    struct buf name = { 0 }, value = { 0 };
    char *raw = fuzz_string(bytes, n);
    const char *at = raw;
    int rc;
    for (size_t i = 0; (rc = url_query_next(&at, &name, &value)) == 1; i++) {
        REQUIRE(i <= n && at <= raw + strlen(raw));
        REQUIRE(utf8_invalid_at(buf_str(&value), value.n) == value.n && utf8_invalid_at(buf_str(&name), name.n) == name.n);
        for (const struct api_function *f = api_functions; f->name; f++) {
            if (strlen(buf_str(&value)) == value.n && f->in && i == 0)
                cJSON_Delete(body_value(f->in, buf_str(&name), buf_str(&value)));
        }
    }
    buf_free(&name);
    buf_free(&value);
    free(raw);
}

static void lists(const char *value)
{
    char trace[33];
    headers_accepts(value, "gzip", 0);
    headers_accepts(value, "application/json", 1);
    headers_etag_matches(value, "\"abc\"");
    headers_media_is(value, "application/json");
    if (headers_trace_id(value, trace))
        REQUIRE(strlen(trace) == 32 && strspn(trace, "0123456789abcdef") == 32);
}

/* Lines "name: value" as the library hands them over. */
static void headers(const uint8_t *bytes, size_t n)
{
    static const struct headers_limits limits = { 40, 4096 };
    struct http_headers h;
    char *text = fuzz_string(bytes, n), *line = text, *end = text + n;
    headers_start(&h);
    while (line < end) {
        char *stop = memchr(line, '\n', (size_t)(end - line));
        stop = stop ? stop : end;
        *stop = '\0';
        char *colon = memchr(line, ':', (size_t)(stop - line));
        char *value = colon ? colon + 1 : stop;
        if (colon)
            *colon = '\0';
        value += value < stop && *value == ' ';
        headers_take(&h, &limits, line, colon ? (size_t)(colon - line) : (size_t)(stop - line), value, (size_t)(stop - value));
        lists(value);
        line = stop + 1;
    }
    int status = headers_end(&h, 0);
    REQUIRE(status == 0 || ((status == 400 || status == 431) && h.why));
    REQUIRE(status != 0 || !(h.chunked && h.length >= 0));
    free(text);
}

static int identify(void *arg, const char *token, size_t n, struct http_identity *out, struct hone_err *err)
{
    (void)arg;
    REQUIRE(strnlen(token, n) == n);
    if (n != 4 || memcmp(token, "good", 4) != 0)
        return hone_fail(err, ERR_AUTH, "unknown");
    snprintf(out->tenant, sizeof out->tenant, "default");
    snprintf(out->token_id, sizeof out->token_id, "t");
    return 0;
}

/* The value of Authorization: nothing but the right token gets in. */
static void authorization(const uint8_t *bytes, size_t n)
{
    static struct auth *a;
    static const struct http_program program = { .identify = identify };
    static struct http_config c;
    static int64_t now = 1000;
    const struct http_address from = { { 1 } };
    struct http_identity who = { 0 };
    struct auth_left left;
    struct hone_err err = { 0 };
    int wait = 0;
    if (!a) {
        REQUIRE((a = calloc(1, sizeof *a)) != NULL);
        http_config_default(&c);
        auth_init(a, &program, &c);
    }
    char *value = fuzz_string(bytes, n);
    now += 2 * AUTH_WINDOW_MS; /* nothing of the input before counts */
    int status = auth_check(a, value, &from, now, &who, &left, &wait, &err);
    const char *token = value + strcspn(value, " ");
    token += strspn(token, " ");
    REQUIRE(status == 0 || status == 401 || status == 429 || status == 500);
    REQUIRE(status != 0 || strncmp(token, "good", 4) == 0);
    REQUIRE(status == 0 || *err.text);
    free(value);
}

/* ---- forms ---- */

static int begin_part(void *arg, const char *name, const char *file, struct hone_err *err)
{
    (void)err;
    buf_printf(arg, "[%s|%s]", name, file);
    return 0;
}

static int part_data(void *arg, const char *bytes, size_t n, struct hone_err *err)
{
    (void)err;
    buf_add(arg, bytes, n);
    return 0;
}

static int end_part(void *arg, struct hone_err *err)
{
    (void)err;
    buf_puts(arg, "[end]");
    return 0;
}

static int read_form(const char *type, const char *bytes, size_t n, size_t piece, struct buf *b)
{
    struct multipart m = { .arg = b, .begin = begin_part, .data = part_data, .end = end_part };
    struct hone_err err = { 0 };
    int rc = multipart_start(&m, type, &err);
    for (size_t i = 0; rc == 0 && i < n; i += piece)
        rc = multipart_feed(&m, bytes + i, n - i < piece ? n - i : piece, &err);
    rc = rc < 0 ? rc : multipart_finish(&m, &err);
    REQUIRE(rc == 0 || *err.text);
    return rc;
}

/* However the bytes come, cut anywhere, the same parts are told. The first line is the Content-Type. */
static void form(const uint8_t *bytes, size_t n)
{
    char *text = fuzz_string(bytes, n);
    size_t line = strcspn(text, "\n");
    text[line] = '\0';
    const char *body = text + (line < n ? line + 1 : n);
    size_t left = n - (size_t)(body - text);
    struct buf whole = { 0 }, cut = { 0 };
    int rc = read_form(text, body, left, left ? left : 1, &whole);
    for (size_t piece = 1; piece < 8; piece += 3) {
        buf_clear(&cut);
        int again = read_form(text, body, left, piece, &cut);
        REQUIRE(rc == again && (rc != 0 || (whole.n == cut.n && (whole.n == 0 || memcmp(whole.p, cut.p, whole.n) == 0))));
    }
    buf_free(&whole);
    buf_free(&cut);
    free(text);
}

/* A line with a function's name, and the body of a request to it: one that passes the check passes it again as it is then. */
static void request(const uint8_t *bytes, size_t n)
{
    struct hone_err err = { 0 };
    char *name = fuzz_string(bytes, n), *body = name + strcspn(name, "\n");
    size_t left = *body ? n - (size_t)(body + 1 - name) : 0;
    body += *body ? 1 : 0;
    if (body > name)
        body[-1] = '\0';
    const struct api_function *f = api_function_find(name, NULL);
    if (!f) {
        free(name);
        return;
    }
    cJSON *in = json_parse(body, left, "body", &err), *faults = cJSON_CreateArray();
    int rc = cJSON_IsObject(in) ? shape_check(f->in, in, 0, faults, &err) : -1;
    REQUIRE(rc == 0 || *err.text || !cJSON_IsObject(in));
    REQUIRE(rc != 0 || cJSON_GetArraySize(faults) == 0);
    REQUIRE(cJSON_GetArraySize(faults) <= SHAPE_FAULTS + 1);
    if (rc == 0) {
        cJSON *copy = cJSON_Duplicate(in, 1);
        REQUIRE(shape_check(f->in, copy, 0, NULL, &err) == 0 && fuzz_same(in, copy));
        cJSON_Delete(copy);
    }
    char *text = json_text(faults, 0);
    REQUIRE(text && utf8_invalid_at(text, strlen(text)) == strlen(text));
    free(text);
    cJSON_Delete(in);
    cJSON_Delete(faults);
    free(name);
}

const struct fuzz_target fuzz_http[] = {
    { "path", path }, { "query", query }, { "headers", headers }, { "authorization", authorization }, { "form", form }, { "request", request },
    { NULL, NULL },
};
