/* The parts of the HTTP server that need no connection: headers, paths and queries, multipart bodies, the error body, failures, the
 * table of connections, gzip. The server as a whole is tested in tests/api. */
#include <CUnit/CUnit.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include "core/api/function.h"
#include "core/base/json.h"
#include "core/http/access_log.h"
#include "core/http/error_body.h"
#include "core/http/failures.h"
#include "core/http/gzip.h"
#include "core/http/headers.h"
#include "core/http/multipart.h"
#include "core/http/openapi.h"
#include "core/http/url.h"
#include "tests/unit/suites.h"

static struct hone_err err;

/* ---- headers ---- */

/* The status for the lines "name: value", NULL-terminated. */
static int header_status(struct http_headers *h, int old, ...)
{
    const struct headers_limits limits = { 6, 200 };
    va_list ap;
    va_start(ap, old);
    headers_start(h);
    for (const char *line; (line = va_arg(ap, const char *)) != NULL;) {
        const char *colon = strchr(line, ':');
        size_t n = (size_t)(colon - line);
        headers_take(h, &limits, line, n, colon + 2, strlen(colon + 2));
    }
    va_end(ap);
    return headers_end(h, old);
}

static void headers_checked(void)
{
    struct http_headers h;
    CU_ASSERT_EQUAL(header_status(&h, 0, "Host: a", "content-length: 12", NULL), 0);
    CU_ASSERT_EQUAL(h.length, 12);
    CU_ASSERT_EQUAL(header_status(&h, 0, "Host: a", "Transfer-Encoding: chunked", NULL), 0);
    CU_ASSERT(h.chunked && h.length == -1);
    CU_ASSERT_EQUAL(header_status(&h, 0, "Host: a", "Content-Length: 1", "Transfer-Encoding: chunked", NULL), 400);
    CU_ASSERT_EQUAL(header_status(&h, 0, "Host: a", "Content-Length: 1", "Content-Length: 1", NULL), 400);
    CU_ASSERT_EQUAL(header_status(&h, 0, "Host: a", "Host: a", NULL), 400);
    CU_ASSERT_EQUAL(header_status(&h, 0, "Host: a", "Authorization: x", "authorization: x", NULL), 400);
    CU_ASSERT_EQUAL(header_status(&h, 0, "Host: a", "Content-Type: x", "Content-type: y", NULL), 400);
    CU_ASSERT_EQUAL(header_status(&h, 0, "Host: a", "Transfer-Encoding: chunked, identity", NULL), 400);
    CU_ASSERT_EQUAL(header_status(&h, 1, "Transfer-Encoding: chunked", NULL), 400);
    CU_ASSERT_EQUAL(header_status(&h, 0, "X: a", NULL), 400);
    CU_ASSERT_EQUAL(header_status(&h, 1, "X: a", NULL), 0);
    CU_ASSERT_EQUAL(header_status(&h, 0, "Host: a b", NULL), 400);
    CU_ASSERT_EQUAL(header_status(&h, 0, "Host: a", "Content-Length : 1", NULL), 400);
    CU_ASSERT_EQUAL(header_status(&h, 0, "Host: a", "X: a\x01", NULL), 400);
    CU_ASSERT_EQUAL(header_status(&h, 0, "Host: a", "X: a\tb \xc3\xa9", NULL), 0);
    static const char *const lengths[] = { "content-length: +5", "content-length: -1", "content-length: 100000000000000000000000",
                                           "content-length: ", "content-length: 1 ", "content-length: 0x5", "content-length: 5, 5" };
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        CU_ASSERT_EQUAL(header_status(&h, 0, "Host: a", lengths[i], NULL), 400);
    CU_ASSERT_EQUAL(header_status(&h, 0, "Host: a", "a: 1", "b: 2", "c: 3", "d: 4", "e: 5", NULL), 0);
    CU_ASSERT_EQUAL(header_status(&h, 0, "Host: a", "a: 1", "b: 2", "c: 3", "d: 4", "e: 5", "f: 6", NULL), 431);
    char longest[260];
    memset(longest, 'x', sizeof longest);
    memcpy(longest, "a: ", 3);
    longest[188] = '\0';              /* 1 + 185 + 4, with "Host: a" 9 more: 199 */
    CU_ASSERT_EQUAL(header_status(&h, 0, "Host: a", longest, NULL), 0);
    longest[188] = 'x';
    longest[190] = '\0';
    CU_ASSERT_EQUAL(header_status(&h, 0, "Host: a", longest, NULL), 431);
}

static void header_values(void)
{
    CU_ASSERT(headers_accepts("gzip, deflate, br", "gzip", 0));
    CU_ASSERT(headers_accepts("br;q=1.0, gzip;q=0.8, *;q=0.1", "gzip", 0));
    CU_ASSERT(!headers_accepts("gzip;q=0", "gzip", 0));
    CU_ASSERT(!headers_accepts("gzip; q=0.000", "gzip", 0));
    CU_ASSERT(headers_accepts("gzip;q=0.001", "gzip", 0));
    CU_ASSERT(!headers_accepts("xgzip, gzipx", "gzip", 0));
    CU_ASSERT(!headers_accepts(NULL, "gzip", 0));
    CU_ASSERT(headers_accepts("text/html, application/*", "application/json", 1));
    CU_ASSERT(headers_accepts("*/*", "application/json", 1));
    CU_ASSERT(!headers_accepts("*/*", "application/json", 0));
    CU_ASSERT(!headers_accepts("*/*, application/json;q=0", "application/json", 1));
    CU_ASSERT(headers_etag_matches("\"a\", W/\"b\"", "\"b\""));
    CU_ASSERT(headers_etag_matches("*", "\"b\""));
    CU_ASSERT(!headers_etag_matches("\"bb\"", "\"b\""));
    CU_ASSERT(!headers_etag_matches(NULL, "\"b\""));
    CU_ASSERT(headers_media_is("Application/JSON; charset=utf-8", "application/json"));
    CU_ASSERT(!headers_media_is("application/jsonx", "application/json"));
    char id[33];
    CU_ASSERT(headers_trace_id("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", id));
    CU_ASSERT_STRING_EQUAL(id, "4bf92f3577b34da6a3ce929d0e0e4736");
    CU_ASSERT(headers_trace_id("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later", id));
    static const char *const bad[] = {
        NULL, "", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT(!headers_trace_id(bad[i], id));
}

/* ---- paths and queries ---- */

static void paths(void)
{
    char out[64];
    static const char *const good[][2] = { { "/", "/" }, { "/a/b", "/a/b" }, { "/a/%62.c", "/a/b.c" }, { "/a/..b", "/a/..b" }, { "/%C3%A9", "/\xc3\xa9" } };
    static const char *const bad[] = { "", "a", "//", "/a//b", "/a/../b", "/a/..", "/./a", "/a/.", "/%2e%2e/a", "/a/%2E%2e", "/a%2fb", "/a%2Fb", "/a%5cb",
                                       "/a\\b", "/a%00b", "/a%0ab", "/a%7f", "/a%", "/a%4", "/a%zz", "/a%ff", "/%c0%ae%c0%ae/", "/a\x01" };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        CU_ASSERT_EQUAL(url_path(good[i][0], out, sizeof out), 0);
        CU_ASSERT_STRING_EQUAL(out, good[i][1]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_EQUAL(url_path(bad[i], out, sizeof out), -1);
    char longest[80];
    memset(longest, 'x', sizeof longest);
    longest[0] = '/';
    longest[63] = '\0';
    CU_ASSERT_EQUAL(url_path(longest, out, sizeof out), 0);
    longest[63] = 'x';
    longest[64] = '\0';
    CU_ASSERT_EQUAL(url_path(longest, out, sizeof out), -1);
}

static void queries(void)
{
    struct buf name = { 0 }, value = { 0 };
    const char *at = "a=1&&b=x%26y+z&c&d=%3D=";
    static const char *const want[][2] = { { "a", "1" }, { "b", "x&y z" }, { "c", "" }, { "d", "==" } };
    for (size_t i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(url_query_next(&at, &name, &value), 1);
        CU_ASSERT_STRING_EQUAL(buf_str(&name), want[i][0]);
        CU_ASSERT_STRING_EQUAL(buf_str(&value), want[i][1]);
    }
    CU_ASSERT_EQUAL(url_query_next(&at, &name, &value), 0);
    static const char *const bad[] = { "a=%", "a=%0", "a=%00", "%gg=1", "a=%ff" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        at = bad[i];
        CU_ASSERT_EQUAL(url_query_next(&at, &name, &value), -1);
    }
    buf_free(&name);
    buf_free(&value);
}

/* ---- multipart ---- */

static int part_begins(void *arg, const char *name, const char *file, struct hone_err *e)
{
    (void)e;
    buf_printf(arg, "[%s|%s|", name, file);
    return 0;
}

static int part_goes_on(void *arg, const char *bytes, size_t n, struct hone_err *e)
{
    (void)e;
    buf_add(arg, bytes, n);
    return 0;
}

static int part_ends(void *arg, struct hone_err *e)
{
    (void)e;
    buf_putc(arg, ']');
    return 0;
}

/* Reads a body cut into pieces of `step` bytes; what was told is in b. */
static int read_form(const char *type, const char *body, size_t step, struct buf *b)
{
    struct multipart m = { .arg = b, .begin = part_begins, .data = part_goes_on, .end = part_ends };
    size_t n = strlen(body);
    buf_clear(b);
    int rc = multipart_start(&m, type, &err);
    for (size_t i = 0; i < n && rc >= 0; i += step)
        rc = multipart_feed(&m, body + i, n - i < step ? n - i : step, &err);
    return rc < 0 ? rc : multipart_finish(&m, &err);
}

static void forms(void)
{
    static const char type[] = "multipart/form-data; boundary=XX";
    static const char body[] = "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--XX\r\nContent-Type: text/plain\r\n"
                               "content-disposition: form-data; name=\"file\"; filename=\"x.csv\"\r\n\r\n\r\n\r\n--X\r--XX\r\n\r\n--XY\r\n--XX\r\n"
                               "Content-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--XX--\r\nbehind";
    struct buf b = { 0 };
    for (size_t step = 1; step < sizeof body; step++) {
        CU_ASSERT_EQUAL(read_form(type, body, step, &b), 0);
        CU_ASSERT_STRING_EQUAL(buf_str(&b), "[a||1][file|x.csv|\r\n\r\n--X\r--XX\r\n\r\n--XY][empty||]");
    }
    CU_ASSERT_EQUAL(read_form("multipart/form-data; boundary=\"X X\"; charset=x", "--X X--", 3, &b), 0);
    static const char *const bad[][2] = {
        { "multipart/form-data", "--XX--" }, { "multipart/form-data; boundary=", "--" }, { type, "x--XX--" }, { type, "--XX\r\n" },
        { type, "--XX\r\nContent-Disposition: form-data\r\n\r\n1\r\n--XX--" }, { type, "--XX\r\nX: y\r\n\r\n1\r\n--XX--" }, { type, "--XX \r\n" },
        { type, "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--XX" }, { type, "" },
        { "multipart/form-data; boundary=12345678901234567890123456789012345678901234567890123456789012345678901", "x" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_EQUAL(read_form(bad[i][0], bad[i][1], 7, &b), HONE_EINVAL);
    struct buf wide = { 0 };
    buf_puts(&wide, "--XX\r\nContent-Disposition: form-data; name=\"a\"; x=\"");
    for (int i = 0; i < MULTIPART_HEADER; i++)
        buf_putc(&wide, 'x');
    CU_ASSERT_EQUAL(read_form(type, buf_str(&wide), 100, &b), HONE_EINVAL);
    buf_clear(&wide);
    for (int i = 0; i <= MULTIPART_PARTS; i++)
        buf_puts(&wide, "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n");
    CU_ASSERT_EQUAL(read_form(type, buf_str(&wide), 100, &b), HONE_EINVAL);
    buf_free(&wide);
    buf_free(&b);
}

/* ---- the error body ---- */

static void error_bodies(void)
{
    struct buf b = { 0 };
    cJSON *details = cJSON_CreateArray();
    for (int i = 0; i < ERROR_DETAILS + 5; i++) {
        cJSON *d = cJSON_CreateObject();
        json_put_str(d, "path", i ? "b" : "config.epochs");
        json_put_str(d, "message", "say \"so\"\n");
        json_put_str(d, "fix", i ? "" : "use 1");
        if (i == 1)
            json_put_int(d, "line", 7), json_put_int(d, "column", 9);
        cJSON_AddItemToArray(details, d);
    }
    const struct http_error e = { .status = 422, .code = "VALIDATION_ERROR", .message = "two \"faults\"", .details = details };
    error_body(&b, &e, "4bf92f3577b34da6a3ce929d0e0e4736");
    cJSON *v = json_parse(b.p, b.n, "body", &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(v);
    CU_ASSERT_EQUAL(json_bool(v, "success", 1), 0);
    CU_ASSERT_STRING_EQUAL(json_str(v, "code", ""), "VALIDATION_ERROR");
    CU_ASSERT_STRING_EQUAL(json_str(v, "message", ""), "two \"faults\"");
    CU_ASSERT_STRING_EQUAL(json_str(v, "detail", ""), "two \"faults\"");
    CU_ASSERT_STRING_EQUAL(json_str(v, "hint", ""), "use 1");
    CU_ASSERT_STRING_EQUAL(json_str(v, "trace_id", ""), "4bf92f3577b34da6a3ce929d0e0e4736");
    CU_ASSERT_STRING_EQUAL(json_str(v, "title", ""), "Unprocessable Content");
    CU_ASSERT_EQUAL(json_int(v, "status", 0), 422);
    CU_ASSERT_PTR_NOT_NULL(json_str(v, "type", NULL));
    CU_ASSERT(cJSON_IsFalse(json_get(v, "retryable")));
    const cJSON *inner = json_get(v, "error"), *list = json_get(inner, "details"), *second = cJSON_GetArrayItem(list, 1);
    CU_ASSERT_STRING_EQUAL(json_str(inner, "code", ""), "VALIDATION_ERROR");
    CU_ASSERT_STRING_EQUAL(json_str(inner, "type", ""), "invalid_request_error");
    CU_ASSERT_STRING_EQUAL(json_str(inner, "param", ""), "config.epochs");
    CU_ASSERT_EQUAL(cJSON_GetArraySize(list), ERROR_DETAILS);
    CU_ASSERT_STRING_EQUAL(json_str(second, "message", ""), "say \"so\"\n");
    CU_ASSERT_EQUAL(json_int(second, "line", 0), 7);
    CU_ASSERT_EQUAL(json_int(second, "column", 0), 9);
    CU_ASSERT_PTR_NULL(json_get(second, "fix"));
    cJSON_Delete(v);
    cJSON_Delete(details);
    buf_free(&b);
}

/* ---- limits ---- */

static struct sockaddr_storage address(const char *text)
{
    struct sockaddr_storage s = { 0 };
    struct sockaddr_in *v4 = (struct sockaddr_in *)&s;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&s;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
    } else {
        CU_ASSERT_EQUAL(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
        v6->sin6_family = AF_INET6;
    }
    return s;
}

static void failures_counted(void)
{
    struct failures *f = malloc(sizeof *f);
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    struct sockaddr_storage a = address("192.0.2.1"), b = address("192.0.2.2"), c = address("2001:db8::1"), d = address("2001:db8::2");
    struct http_address one, two, three, same;
    http_address_of((struct sockaddr *)&a, &one);
    http_address_of((struct sockaddr *)&b, &two);
    http_address_of((struct sockaddr *)&c, &three);
    http_address_of((struct sockaddr *)&d, &same);
    failures_init(f, 3);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(failures_wait(f, &one, 1000), 0);
        failures_note(f, &one, 1000 + i);
    }
    CU_ASSERT_EQUAL(failures_wait(f, &one, 1000), 60);
    CU_ASSERT_EQUAL(failures_wait(f, &one, 31000), 30);
    CU_ASSERT_EQUAL(failures_wait(f, &two, 1000), 0);
    CU_ASSERT_EQUAL(failures_wait(f, &one, 61000), 0);
    for (int i = 0; i < 3; i++)
        failures_note(f, &three, 1000);
    CU_ASSERT_EQUAL(failures_wait(f, &same, 1000), 60);   /* one network of IPv6 is one address */
    for (unsigned i = 0; i < 100000; i++) {               /* a flood of addresses stays within the table */
        struct http_address other = { { 0 } };
        memcpy(other.bytes, &i, sizeof i);
        other.bytes[15] = 1;
        failures_note(f, &other, 2000);
    }
    pthread_mutex_destroy(&f->lock);
    free(f);
}

static void connections(void)
{
    struct conns c;
    CU_ASSERT_EQUAL_FATAL(conns_open(&c, 40, 3, &err), 0);
    struct sockaddr_storage a = address("192.0.2.1");
    int fd[64], n = 0;
    /* The table shuts down what it cuts, so these are real. */
    for (int i = 0; i < 64; i++)
        fd[i] = socket(AF_INET, SOCK_STREAM, 0);
    for (int i = 0; i < 3; i++)
        CU_ASSERT_PTR_NOT_NULL(conns_add(&c, fd[i], (struct sockaddr *)&a, 0));
    CU_ASSERT_PTR_NULL(conns_add(&c, fd[3], (struct sockaddr *)&a, 0));
    CU_ASSERT_EQUAL(atomic_load(&c.refused), 1);
    conns_remove(&c, conns_get(&c, fd[1]));
    conns_remove(&c, conns_get(&c, fd[1]));
    CU_ASSERT_PTR_NOT_NULL(conns_add(&c, fd[3], (struct sockaddr *)&a, 0));
    CU_ASSERT_PTR_NULL(conns_add(&c, fd[4], (struct sockaddr *)&a, 0));
    /* Many addresses come and go: buckets of the count are found again behind those that were emptied. */
    for (int round = 0; round < 50; round++) {
        for (int i = 4; i < 41; i++) {
            char text[32];
            snprintf(text, sizeof text, "10.%d.0.%d", round, i);
            struct sockaddr_storage other = address(text);
            n += conns_add(&c, fd[i], (struct sockaddr *)&other, 0) != NULL;
        }
        for (int i = 40; i >= 4; i -= 1 + (round & 1))
            conns_remove(&c, conns_get(&c, fd[i]));
        for (int i = 4; i < 41; i++)
            conns_remove(&c, conns_get(&c, fd[i]));
        CU_ASSERT_EQUAL(c.open, 3);
    }
    CU_ASSERT_EQUAL(n, 50 * 37);
    CU_ASSERT_PTR_NULL(conns_add(&c, fd[4], (struct sockaddr *)&a, 0));   /* still three of this one */
    CU_ASSERT_EQUAL(conns_cut(&c, 1000), 0);
    atomic_store(&conns_get(&c, fd[0])->deadline, 500);
    atomic_store(&conns_get(&c, fd[2])->deadline, 1001);
    CU_ASSERT_EQUAL(conns_cut(&c, 1000), 1);
    CU_ASSERT_EQUAL(conns_cut(&c, 1000), 0);
    CU_ASSERT_EQUAL(conns_cut(&c, 1001), 1);
    conns_close(&c);
    for (int i = 0; i < 64; i++)
        close(fd[i]);
}

/* ---- the rest ---- */

static void compressed(void)
{
    struct buf b = { 0 };
    char text[5000], back[5000];
    memset(text, 'a', sizeof text);
    for (int i = 0; i < 2; i++) {     /* the stream of the thread is used again */
        buf_clear(&b);
        CU_ASSERT_EQUAL_FATAL(gzip_bytes(text, sizeof text, &b), 0);
        CU_ASSERT(b.n > 18 && b.n < 100);
        z_stream z = { .next_in = (unsigned char *)b.p, .avail_in = (uInt)b.n, .next_out = (unsigned char *)back, .avail_out = sizeof back };
        CU_ASSERT_EQUAL_FATAL(inflateInit2(&z, 15 + 16), Z_OK);
        CU_ASSERT_EQUAL(inflate(&z, Z_FINISH), Z_STREAM_END);
        CU_ASSERT_EQUAL(z.total_out, sizeof text);
        CU_ASSERT_EQUAL(memcmp(text, back, sizeof text), 0);
        inflateEnd(&z);
    }
    buf_free(&b);
}

static void redacted(void)
{
    char out[64];
    log_redact(out, sizeof out, "/api/hone_abc123_SECRET-x/whsec_AAAA?x");
    CU_ASSERT_STRING_EQUAL(out, "/api/hone_***/whsec_***?x");
    log_redact(out, 8, "/api/hone_abc");
    CU_ASSERT_EQUAL(strlen(out), 7);
    log_redact(out, sizeof out, "plain");
    CU_ASSERT_STRING_EQUAL(out, "plain");
}

/* Every function is described, with what it takes. */
static void described(void)
{
    struct buf b = { 0 };
    openapi_write(&b);
    cJSON *doc = json_parse(b.p, b.n, "openapi", &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(doc);
    CU_ASSERT_STRING_EQUAL(json_str(doc, "openapi", ""), "3.1.0");
    const cJSON *paths_of = json_get(doc, "paths");
    for (const struct api_function *f = api_functions; f->name; f++) {
        char path[128];
        snprintf(path, sizeof path, "/api/v2/functions/%s", f->name);
        const cJSON *post = json_get(json_get(paths_of, path), "post");
        CU_ASSERT_STRING_EQUAL(json_str(post, "operationId", ""), f->name);
        const cJSON *media = json_get(json_get(json_get(post, "requestBody"), "content"), "application/json");
        CU_ASSERT_STRING_EQUAL(json_str(json_get(media, "schema"), "type", ""), "object");
        CU_ASSERT_PTR_NOT_NULL(json_get(json_get(post, "responses"), f->flags & API_CREATES ? "201" : "200"));
    }
    cJSON_Delete(doc);
    buf_free(&b);
}

int test_http(void)
{
    CU_pSuite s = CU_add_suite("http", NULL, NULL);
    return s && CU_add_test(s, "headers are checked", headers_checked) && CU_add_test(s, "values of headers are read", header_values) &&
           CU_add_test(s, "paths are decoded once", paths) && CU_add_test(s, "queries are decoded", queries) &&
           CU_add_test(s, "forms are read however they are cut", forms) && CU_add_test(s, "error bodies have every field", error_bodies) &&
           CU_add_test(s, "failures are counted by address", failures_counted) && CU_add_test(s, "connections are counted and cut", connections) &&
           CU_add_test(s, "texts are compressed", compressed) && CU_add_test(s, "secrets are blotted out", redacted) &&
           CU_add_test(s, "functions are described", described) ? 0 : -1;
}
