/* See completion.h. */
#include "core/jobs/completion.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/text.h"

#define ANSWER_MOST (4 << 20) /* bytes of an answer */
#define WAIT_MOST_MS 10000    /* between two tries */
#define SLICE_MS 100

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void begin_library(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

struct asking {
    const struct completion_policy *p;
    int (*stopped)(void *);
    void *arg;
    struct curl_slist *headers;
    char *url, *body;
    struct buf answer;
    long status;
    int64_t retry_after_s;     /* -1: not said */
    int too_long;
    char why[CURL_ERROR_SIZE];
};

/* ---- what is sent ---- */

static int is_loopback(const char *host)
{
    return strcmp(host, "localhost") == 0 || strcmp(host, "127.0.0.1") == 0 || strcmp(host, "[::1]") == 0;
}

/* http or https, no credentials; a key goes over the network only with TLS. */
static int make_url(struct asking *a, struct hone_err *err)
{
    const char *endpoint = a->p->endpoint;
    CURLU *u = curl_url();
    char *scheme = NULL, *host = NULL, *user = NULL;
    int ok = u && curl_url_set(u, CURLUPART_URL, endpoint, 0) == CURLUE_OK && curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
             curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK && (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    int rc = 0;
    if (!ok)
        rc = hone_fail(err, HONE_EINVAL, "generate.endpoint is '%.200s'; expected an address such as https://api.example.com/v1", endpoint);
    else if (curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_OK)
        rc = hone_fail(err, HONE_EINVAL, "generate.endpoint has a user name in it; put the key into a file and name it as generate.keyFile");
    else if (a->p->key_file && strcmp(scheme, "http") == 0 && !is_loopback(host))
        rc = hone_fail(err, HONE_EINVAL, "generate.endpoint is '%.200s', which would carry the key in clear; expected https", endpoint);
    size_t n = strlen(endpoint);
    while (n > 0 && endpoint[n - 1] == '/')
        n--;
    if (!rc && asprintf(&a->url, "%.*s/chat/completions", (int)n, endpoint) < 0) {
        a->url = NULL;
        rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(user);
    curl_url_cleanup(u);
    return rc;
}

static int add_header(struct asking *a, const char *line)
{
    struct curl_slist *more = line ? curl_slist_append(a->headers, line) : NULL;
    a->headers = more ? more : a->headers;
    return more ? 0 : HONE_ENOMEM;
}

/* The Authorization header with the key in a file, which nobody else may read. */
static int take_key(struct asking *a, struct hone_err *err)
{
    const char *file = a->p->key_file;
    struct buf text = { 0 }, line = { 0 };
    struct stat st;
    if (!file)
        return 0;
    if (stat(file, &st) != 0)
        return err_errno(err, "open", file), err_prefix(err, "generate.keyFile"), err->code = HONE_EINVAL;
    if (!S_ISREG(st.st_mode) || st.st_mode & 077)
        return hone_fail(err, HONE_EINVAL, "generate.keyFile: %s can be read by others, or is no file; chmod 600 %s", file, file);
    int rc = file_read(file, 4096, &text, err);
    const char *key = rc == 0 ? buf_str(&text) : NULL;
    size_t n = key ? strcspn(key, "\r\n") : 0;
    if (rc == 0 && (n == 0 || strcspn(key, " \t") < n))
        rc = hone_fail(err, HONE_EINVAL, "generate.keyFile: the first line of %s is no key", file);
    if (rc == 0) {
        buf_printf(&line, "Authorization: Bearer %.*s", (int)n, key);
        rc = buf_oom(&line) || add_header(a, buf_str(&line)) ? hone_fail(err, HONE_ENOMEM, "memory ran out") : 0;
    }
    if (text.p)
        explicit_bzero(text.p, text.cap);
    if (line.p)
        explicit_bzero(line.p, line.cap);
    buf_free(&text);
    buf_free(&line);
    return rc;
}

static int prepare(struct asking *a, const cJSON *request, struct hone_err *err)
{
    cJSON *body = cJSON_Duplicate(request, 1);
    int rc = make_url(a, err);
    if (a->p->model)
        json_put_str(body, "model", a->p->model);
    a->body = json_text(body, 0);
    cJSON_Delete(body);
    if (!rc && (!a->body || add_header(a, "Content-Type: application/json") || add_header(a, "Expect:")))
        rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
    return rc ? rc : take_key(a, err);
}

/* ---- one try ---- */

static size_t on_bytes(char *bytes, size_t size, size_t n, void *arg)
{
    struct asking *a = arg;
    if (a->answer.n + size * n > ANSWER_MOST) {
        a->too_long = 1;
        return 0;
    }
    buf_add(&a->answer, bytes, size * n);
    return buf_oom(&a->answer) ? 0 : size * n;
}

static int on_progress(void *arg, curl_off_t a_total, curl_off_t a_now, curl_off_t b_total, curl_off_t b_now)
{
    const struct asking *a = arg;
    (void)a_total, (void)a_now, (void)b_total, (void)b_now;
    return a->stopped && a->stopped(a->arg);
}

static CURLcode try_once(struct asking *a)
{
    CURL *c = curl_easy_init();
    curl_off_t after = 0;
    if (!c)
        return CURLE_OUT_OF_MEMORY;
    buf_clear(&a->answer);
    a->why[0] = '\0';
    a->status = 0;
    a->retry_after_s = -1;
    curl_easy_setopt(c, CURLOPT_URL, a->url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, a->headers);
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, a->body);
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(a->body));
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)a->p->timeout_ms);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, a->why);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, a);
    if (a->p->ca_file)
        curl_easy_setopt(c, CURLOPT_CAINFO, a->p->ca_file);
    CURLcode code = curl_easy_perform(c);
    if (code == CURLE_OK) {
        curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &a->status);
        if (curl_easy_getinfo(c, CURLINFO_RETRY_AFTER, &after) == CURLE_OK && after > 0)
            a->retry_after_s = (int64_t)after;
    }
    if (!a->why[0])
        snprintf(a->why, sizeof a->why, "%s", curl_easy_strerror(code));
    curl_easy_cleanup(c);
    return code;
}

static int again(CURLcode code, long status)
{
    return code == CURLE_OK ? status == 408 || status == 429 || status >= 500
                            : code == CURLE_OPERATION_TIMEDOUT || code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
                                  code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR;
}

/* 1 when it was stopped meanwhile. */
static int wait_before(const struct asking *a, int64_t attempt)
{
    int64_t ms = a->retry_after_s >= 0 ? a->retry_after_s * 1000 : (int64_t)500 << (attempt < 6 ? attempt : 6);
    for (ms = ms > WAIT_MOST_MS ? WAIT_MOST_MS : ms; ms > 0; ms -= SLICE_MS) {
        if (a->stopped && a->stopped(a->arg))
            return 1;
        usleep(SLICE_MS * 1000);
    }
    return 0;
}

/* ---- what came ---- */

/* The sentence of an error body, or its beginning; never a control character. */
static void say(const struct asking *a, char out[200])
{
    struct hone_err ignored;
    cJSON *body = a->answer.n ? json_parse(a->answer.p, a->answer.n, "answer", &ignored) : NULL;
    const cJSON *e = json_get(body, "error");
    const char *text = cJSON_IsString(e) ? e->valuestring : json_str(e, "message", json_str(body, "message", NULL));
    if (!text && !a->answer.n)
        text = "an empty body";
    snprintf(out, 200, "%.*s", text ? 199 : (int)(a->answer.n < 120 ? a->answer.n : 120), text ? text : a->answer.p);
    out[utf8_invalid_at(out, strlen(out))] = '\0';
    for (char *c = out; *c; c++)
        *c = (unsigned char)*c < ' ' || *c == 127 ? ' ' : *c;
    cJSON_Delete(body);
}

static int take_text(const struct asking *a, char **text, struct hone_err *err)
{
    struct hone_err why = { 0 };
    cJSON *body = a->answer.n ? json_parse(a->answer.p, a->answer.n, "answer", &why) : NULL;
    const char *content = json_str(json_get(cJSON_GetArrayItem(json_get(body, "choices"), 0), "message"), "content", NULL);
    int rc = 0;
    if (!content)
        rc = hone_fail(err, ERR_SERVER, "%.200s did not answer with a chat completion: %.160s", a->url,
                       body ? "choices[0].message.content is missing" : a->answer.n ? why.text : "the body is empty");
    else if (!(*text = strdup(content)))
        rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
    cJSON_Delete(body);
    return rc;
}

static int judge(const struct asking *a, CURLcode code, int64_t tries, char **text, struct hone_err *err)
{
    char said[200];
    if (a->stopped && a->stopped(a->arg))
        return hone_fail(err, ERR_INTERRUPTED, "interrupted");
    if (a->too_long)
        return hone_fail(err, ERR_SERVER, "%.200s sent more than %d bytes", a->url, ANSWER_MOST);
    if (code != CURLE_OK)
        return hone_fail(err, ERR_SERVER, "%.200s cannot be asked, after %lld tries: %s", a->url, (long long)tries, a->why);
    if (a->status == 200)
        return take_text(a, text, err);
    say(a, said);
    if (a->status == 401 || a->status == 403)
        return hone_fail(err, ERR_AUTH, "%.200s refuses the key (%ld: %s); generate.keyFile names the file that holds it", a->url, a->status, said);
    return hone_fail(err, ERR_SERVER, "%.200s answered %ld after %lld tries: %s", a->url, a->status, (long long)tries, said);
}

int completion_ask(const struct completion_policy *p, const cJSON *request, int (*stopped)(void *), void *arg, char **text, struct hone_err *err)
{
    struct asking a = { .p = p, .stopped = stopped, .arg = arg };
    CURLcode code = CURLE_OK;
    int64_t tries = 0;
    *text = NULL;
    if (!p->endpoint)
        return hone_fail(err, HONE_EINVAL, "no endpoint is configured; set generate.endpoint (and generate.model, generate.keyFile)");
    pthread_once(&once, begin_library);
    int rc = prepare(&a, request, err), stop = 0;
    while (rc == 0 && !stop) {
        code = try_once(&a);
        if (++tries >= p->tries || a.too_long || !again(code, a.status))
            break;
        stop = wait_before(&a, tries - 1);
    }
    if (rc == 0)
        rc = judge(&a, code, tries, text, err);
    for (struct curl_slist *h = a.headers; h; h = h->next)
        explicit_bzero(h->data, strlen(h->data));
    curl_slist_free_all(a.headers);
    free(a.url);
    free(a.body);
    buf_free(&a.answer);
    return rc;
}
