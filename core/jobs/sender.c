/* See sender.h. */
#include "core/jobs/sender.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/jobs/address.h"

#define TIMEOUT_MS 15000
#define CONNECT_MS 5000
#define READ_MOST 65536            /* bytes of an answer's header, and of its body, that are read at all */

struct transfer {
    struct sender *of;
    CURL *curl;
    struct curl_slist *headers;
    sender_done *done;
    void *arg;
    int64_t begun_us;
    size_t header_bytes, body_bytes, kept;
    int whole_header, refused;
    char why[CURL_ERROR_SIZE];
    char body[SENDER_RESPONSE + 1];
    struct transfer *next, **at;
};

struct sender {
    struct sender_opts o;
    CURLM *multi;
    struct transfer *list;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void begin_library(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- where to ---- */

static int allowed(enum address_kind kind, const struct sender_opts *o)
{
    return kind == ADDRESS_PUBLIC || (kind == ADDRESS_PRIVATE && o->allow_private);
}

/* curl_url() tells addresses in brackets; getaddrinfo() knows every spelling that a resolver would take for a number. */
static int check_host(const char *host, const struct sender_opts *o, struct hone_err *err)
{
    const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM };
    struct addrinfo *list = NULL;
    char bare[256];
    size_t n = strlen(host);
    int inside = host[0] == '[' && n > 2;
    if (n >= sizeof bare)
        return hone_fail(err, HONE_EINVAL, "url: the host is too long");
    snprintf(bare, sizeof bare, "%.*s", (int)(inside ? strcspn(host + 1, "]%") : n), host + inside);
    for (n = strlen(bare); n > 0 && bare[n - 1] == '.'; n--)
        bare[n - 1] = '\0';
    for (const char *p = bare; *p; p++) {
        if ((unsigned char)*p >= 128)
            return hone_fail(err, HONE_EINVAL, "url: write the host in ASCII (xn--...)");
    }
    if (!o->allow_private && (strcasecmp(bare, "localhost") == 0 || (n > 10 && strcasecmp(bare + n - 10, ".localhost") == 0)))
        return hone_fail(err, HONE_EINVAL, "url: this host is the server itself; the operator may allow private addresses (webhooks.allowPrivate)");
    if (!*bare)
        return hone_fail(err, HONE_EINVAL, "url: there is no host");
    if (getaddrinfo(bare, NULL, &hints, &list) != 0)
        return 0; /* a name: what it stands for is looked at when it is connected to */
    int ok = allowed(address_kind_here(list->ai_addr), o);
    freeaddrinfo(list);
    return ok ? 0 : hone_fail(err, HONE_EINVAL, "url: this address is none of the public internet; the operator may allow those of private networks "
                              "(webhooks.allowPrivate)");
}

static int check_parts(CURLU *u, const struct sender_opts *o, struct hone_err *err)
{
    char *scheme = NULL, *user = NULL, *password = NULL, *host = NULL, *port = NULL, *fragment = NULL;
    int rc = 0;
    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0);
    curl_url_get(u, CURLUPART_USER, &user, 0);
    curl_url_get(u, CURLUPART_PASSWORD, &password, 0);
    curl_url_get(u, CURLUPART_HOST, &host, 0);
    curl_url_get(u, CURLUPART_PORT, &port, 0);
    curl_url_get(u, CURLUPART_FRAGMENT, &fragment, 0);
    if (!scheme || (strcmp(scheme, "https") != 0 && (strcmp(scheme, "http") != 0 || !o->allow_http)))
        rc = hone_fail(err, HONE_EINVAL, "url: expected %shttps, found '%.20s'%s", o->allow_http ? "http or " : "", scheme ? scheme : "",
                       scheme && strcmp(scheme, "http") == 0 ? "; the operator may allow it (webhooks.allowHttp)" : "");
    else if (user || password)
        rc = hone_fail(err, HONE_EINVAL, "url: credentials do not belong into it; messages are signed instead");
    else if (fragment)
        rc = hone_fail(err, HONE_EINVAL, "url: what stands behind # is never sent; leave it out");
    else if (port && strtol(port, NULL, 10) == 0)
        rc = hone_fail(err, HONE_EINVAL, "url: there is no port 0");
    else
        rc = check_host(host ? host : "", o, err);
    curl_free(scheme);
    curl_free(user);
    curl_free(password);
    curl_free(host);
    curl_free(port);
    curl_free(fragment);
    return rc;
}

int sender_check_url(const char *url, const struct sender_opts *o, struct hone_err *err)
{
    if (strlen(url) > SENDER_URL_MAX)
        return hone_fail(err, HONE_EINVAL, "url: has %zu bytes; at most %d are taken", strlen(url), SENDER_URL_MAX);
    for (const char *p = url; *p; p++) {
        if ((unsigned char)*p <= ' ' || *p == 127 || *p == '\\')
            return hone_fail(err, HONE_EINVAL, "url: has a blank, a backslash or a control character");
    }
    CURLU *u = curl_url();
    if (!u)
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    CURLUcode code = curl_url_set(u, CURLUPART_URL, url, 0);
    int rc = code == CURLUE_OK ? check_parts(u, o, err) : hone_fail(err, HONE_EINVAL, "url: cannot be read (%s); expected https://HOST/PATH", curl_url_strerror(code));
    curl_url_cleanup(u);
    return rc;
}

/* ---- what libcurl asks and tells ---- */

/* Called after a name was resolved and before anything is connected. One address that is not for us refuses all that follow. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct transfer *t = arg;
    if (t->refused || purpose != CURLSOCKTYPE_IPCXN || !allowed(address_kind_here(&a->addr), &t->of->o)) {
        t->refused = 1;
        return CURL_SOCKET_BAD;
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static size_t take_header(char *bytes, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    t->header_bytes += size * n;
    if (size * n == 2 && memcmp(bytes, "\r\n", 2) == 0)
        t->whole_header = 1;
    return t->header_bytes > READ_MOST ? 0 : size * n;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    size_t room = SENDER_RESPONSE - t->kept, take = size * n < room ? size * n : room;
    memcpy(t->body + t->kept, bytes, take);
    t->kept += take;
    t->body_bytes += size * n;
    return t->body_bytes > READ_MOST ? 0 : size * n;
}

/* ---- posts ---- */

static void transfer_free(struct transfer *t)
{
    if (!t)
        return;
    if (t->at) {
        curl_multi_remove_handle(t->of->multi, t->curl);
        *t->at = t->next;
        if (t->next)
            t->next->at = t->at;
    }
    curl_easy_cleanup(t->curl);
    curl_slist_free_all(t->headers);
    free(t);
}

static int add_header(struct transfer *t, const char *name, const char *value)
{
    char line[512];
    int n = snprintf(line, sizeof line, "%s:%s%s", name, *value ? " " : "", value);
    struct curl_slist *more = n < 0 || n >= (int)sizeof line ? NULL : curl_slist_append(t->headers, line);
    t->headers = more ? more : t->headers;
    return more != NULL;
}

static int add_headers(struct transfer *t, const struct post *p)
{
    char timestamp[24];
    snprintf(timestamp, sizeof timestamp, "%lld", (long long)p->timestamp);
    return add_header(t, "Content-Type", "application/json") && add_header(t, "webhook-id", p->id) &&
           add_header(t, "webhook-timestamp", timestamp) && add_header(t, "webhook-signature", p->signatures) && add_header(t, "Expect", "");
}

#define SET(option, value) (bad |= curl_easy_setopt(t->curl, option, value))

static int set_up(struct transfer *t, const struct post *p)
{
    const struct sender_opts *o = &t->of->o;
    long ms = (long)(o->timeout_ms > 0 ? o->timeout_ms : TIMEOUT_MS);
    unsigned bad = CURLE_OK;
    SET(CURLOPT_URL, p->url);
    SET(CURLOPT_PROTOCOLS_STR, o->allow_http ? "http,https" : "https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, ""); /* with a proxy, the address that is looked at would be the proxy's */
    SET(CURLOPT_NOPROXY, "*");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_TIMEOUT_MS, ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, ms < CONNECT_MS ? ms : (long)CONNECT_MS);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_FRESH_CONNECT, 1L); /* a kept connection would pass by the look at its address */
    SET(CURLOPT_FORBID_REUSE, 1L);
    SET(CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    if (o->ca_file) {
        SET(CURLOPT_CAINFO, o->ca_file);
        SET(CURLOPT_CAPATH, (char *)NULL);
    }
    SET(CURLOPT_USERAGENT, "Hone/" HONE_VERSION);
    SET(CURLOPT_POSTFIELDSIZE, (long)strlen(p->body));
    SET(CURLOPT_COPYPOSTFIELDS, p->body);
    SET(CURLOPT_HTTPHEADER, t->headers);
    SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(CURLOPT_OPENSOCKETDATA, t);
    SET(CURLOPT_HEADERFUNCTION, take_header);
    SET(CURLOPT_HEADERDATA, t);
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_ERRORBUFFER, t->why);
    SET(CURLOPT_PRIVATE, t);
    return bad == CURLE_OK;
}

int sender_post(struct sender *s, const struct post *p, sender_done *done, void *arg, struct hone_err *err)
{
    struct transfer *t = calloc(1, sizeof *t);
    if (!t || !(t->curl = curl_easy_init())) {
        free(t);
        return hone_fail(err, HONE_ENOMEM, "memory ran out for a webhook");
    }
    t->of = s;
    t->done = done;
    t->arg = arg;
    t->begun_us = clock_mono_us();
    if (!add_headers(t, p) || !set_up(t, p) || curl_multi_add_handle(s->multi, t->curl) != CURLM_OK) {
        transfer_free(t);
        return hone_fail(err, HONE_EIO, "libcurl does not take a post, or memory ran out");
    }
    t->at = &s->list;
    t->next = s->list;
    if (s->list)
        s->list->at = &t->next;
    s->list = t;
    return 0;
}

/* Bytes of a stranger for people: control characters and what is no UTF-8 become '?'. */
static void clean(const char *bytes, size_t n, char *out)
{
    memcpy(out, bytes, n);
    for (size_t bad = utf8_invalid_at(out, n); bad < n; bad = utf8_invalid_at(out, n))
        out[bad] = '?';
    for (size_t i = 0; i < n; i++) {
        if (((unsigned char)out[i] < ' ' && out[i] != '\n' && out[i] != '\t') || out[i] == 127)
            out[i] = '?';
    }
    out[n] = '\0';
}

static void judge(const struct transfer *t, CURLcode code, struct posted *r)
{
    char why[181];
    snprintf(why, sizeof why, "%.180s", *t->why ? t->why : curl_easy_strerror(code)); /* may quote the other side */
    if (t->refused)
        snprintf(r->error, sizeof r->error, "the host stands for an address that is not connected to");
    else if (code == CURLE_OPERATION_TIMEDOUT && r->status == 0)
        snprintf(r->error, sizeof r->error, "no answer within %lld ms", (long long)r->duration_ms);
    else if (r->status == 0 && t->header_bytes > READ_MOST)
        snprintf(r->error, sizeof r->error, "the header of the answer is too long");
    else if (r->status == 0)
        clean(why, strlen(why), r->error);
    else if (r->status >= 300 && r->status < 400)
        snprintf(r->error, sizeof r->error, "answered %d; redirects are not followed", r->status);
    else if (r->status < 200 || r->status > 299)
        snprintf(r->error, sizeof r->error, "answered %d", r->status);
}

/* An answer counts when its header is whole, however its body ends. */
static void conclude(struct transfer *t, CURLcode code)
{
    struct posted r = { .refused = t->refused, .retry_after_s = -1, .duration_ms = (clock_mono_us() - t->begun_us) / 1000 };
    long status = 0;
    curl_off_t wait = 0;
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    if (t->whole_header && status >= 200 && t->header_bytes <= READ_MOST)
        r.status = (int)status;
    if (curl_easy_getinfo(t->curl, CURLINFO_RETRY_AFTER, &wait) == CURLE_OK && wait > 0)
        r.retry_after_s = wait;
    clean(t->body, t->kept, r.response);
    judge(t, code, &r);
    sender_done *done = t->done;
    void *arg = t->arg;
    transfer_free(t);
    done(arg, &r);
}

static int reap(struct sender *s)
{
    CURLMsg *m;
    int left, n = 0;
    while ((m = curl_multi_info_read(s->multi, &left))) {
        struct transfer *t = NULL;
        CURLcode code = m->data.result;
        if (m->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
        conclude(t, code);
        n++;
    }
    return n;
}

int sender_wait(struct sender *s, int ms)
{
    int running = 0;
    curl_multi_perform(s->multi, &running);
    if (reap(s) == 0) {
        curl_multi_poll(s->multi, NULL, 0, ms, NULL);
        curl_multi_perform(s->multi, &running);
        reap(s);
    }
    running = 0;
    for (const struct transfer *t = s->list; t; t = t->next)
        running++;
    return running;
}

void sender_wake(struct sender *s)
{
    curl_multi_wakeup(s->multi);
}

struct sender *sender_new(const struct sender_opts *o, struct hone_err *err)
{
    struct sender *s = calloc(1, sizeof *s);
    pthread_once(&once, begin_library);
    if (!s || !(s->multi = curl_multi_init())) {
        free(s);
        hone_fail(err, HONE_ENOMEM, "memory ran out");
        return NULL;
    }
    s->o = *o;
    return s;
}

void sender_free(struct sender *s)
{
    if (!s)
        return;
    while (s->list)
        transfer_free(s->list);
    curl_multi_cleanup(s->multi);
    free(s);
}
