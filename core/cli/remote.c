/* See remote.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <curl/curl.h>
#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/cli/remote.h"

#define MAX_ANSWER (256u << 20)
#define CONNECT_S 10L

struct remote {
    CURL *curl;
    struct curl_slist *headers;   /* with the token, when there is one */
    char *base;                   /* "http://host:port" */
    char *socket;                 /* NULL: over the network */
    char why[CURL_ERROR_SIZE];
};

/* ---- opening ---- */

/* Who is at the socket: 0 nobody, 1 a daemon, 2 one that does TLS itself and so speaks it there as well, and resets who does not. */
static int answers(const char *path)
{
    static const char ask[] = "GET /healthz HTTP/1.0\r\n\r\n";
    const struct timeval wait = { .tv_sec = 1 };
    char first = 'H';
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof at.sun_path)
        return 0;
    memcpy(at.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int ok = fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0;
    if (ok && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0 && send(fd, ask, sizeof ask - 1, MSG_NOSIGNAL) > 0) {
        ssize_t n = recv(fd, &first, 1, 0);
        ok = n == 0 || (n < 0 && errno == ECONNRESET) || first != 'H' ? 2 : 1; /* who is busy for a second is not asked which */
    }
    if (fd >= 0)
        close(fd);
    return ok;
}

/* The Authorization header with the token in a file, which nobody else may read. */
static int take_token(struct remote *r, const char *file, struct hone_err *err)
{
    struct buf text = { 0 }, line = { 0 };
    struct stat st;
    if (stat(file, &st) != 0)
        return err_open(err, file);
    if (st.st_mode & 077)
        return hone_fail(err, HONE_EINVAL, "%s: the token can be read by others; chmod 600 %s", file, file);
    int rc = file_read(file, 4096, &text, err);
    if (rc == 0) {
        const char *token = buf_str(&text);
        buf_printf(&line, "Authorization: Bearer %.*s", (int)strcspn(token, " \t\r\n"), token);
        struct curl_slist *more = buf_oom(&line) ? NULL : curl_slist_append(r->headers, buf_str(&line));
        rc = more ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out");
        r->headers = more ? more : r->headers;
    }
    if (text.p)
        explicit_bzero(text.p, text.n);
    if (line.p)
        explicit_bzero(line.p, line.n);
    buf_free(&text);
    buf_free(&line);
    return rc;
}

static int set_up(struct remote *r, struct hone_err *err)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    r->curl = curl_easy_init();
    r->headers = curl_slist_append(NULL, "Content-Type: application/json");
    return r->curl && r->headers ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out");
}

int remote_open(struct cli *c, struct remote **out, struct hone_err *err)
{
    const char *server = c->server ? c->server : getenv("HONE_SERVER"), *file = c->token_file ? c->token_file : getenv("HONE_TOKEN_FILE");
    char *path = server && *server ? NULL : path_join(c->api.state_dir, CLI_SOCKET);
    *out = NULL;
    if (!path && (!server || !*server))
        return hone_fail(err, HONE_ENOMEM, "memory ran out");
    int there = path ? answers(path) : 0;
    if (path && !there) {
        free(path);
        return 0;
    }
    struct remote *r = calloc(1, sizeof *r);
    int rc = r ? set_up(r, err) : hone_fail(err, HONE_ENOMEM, "memory ran out");
    if (rc == 0) {
        r->socket = path;
        r->base = strdup(path ? there == 2 ? "https://localhost" : "http://localhost" : server);
        rc = r->base ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out");
        path = NULL;
    }
    if (rc == 0 && !r->socket && file)
        rc = take_token(r, file, err);
    for (size_t n = rc == 0 ? strlen(r->base) : 0; n > 0 && r->base[n - 1] == '/'; n--)
        r->base[n - 1] = '\0';
    free(path);
    if (rc < 0)
        remote_close(r);
    else
        *out = r;
    return rc < 0 ? rc : 1;
}

void remote_close(struct remote *r)
{
    if (!r)
        return;
    for (struct curl_slist *h = r->headers; h; h = h->next)
        explicit_bzero(h->data, strlen(h->data));
    curl_slist_free_all(r->headers);
    curl_easy_cleanup(r->curl);
    free(r->base);
    free(r->socket);
    free(r);
}

int remote_is_local(const struct remote *r)
{
    return r->socket != NULL;
}

/* ---- calls ---- */

static size_t take_bytes(char *bytes, size_t size, size_t n, void *arg)
{
    struct buf *b = arg;
    if (b->n + size * n > MAX_ANSWER)
        return 0;
    buf_add(b, bytes, size * n);
    return buf_oom(b) ? 0 : size * n;
}

/* Everything that requests have in common. */
static void aim(struct remote *r, const char *path)
{
    struct buf url = { 0 };
    buf_printf(&url, "%s%s", r->base, path);
    curl_easy_reset(r->curl);
    curl_easy_setopt(r->curl, CURLOPT_URL, buf_str(&url));
    curl_easy_setopt(r->curl, CURLOPT_UNIX_SOCKET_PATH, r->socket);
    curl_easy_setopt(r->curl, CURLOPT_HTTPHEADER, r->headers);
    curl_easy_setopt(r->curl, CURLOPT_ERRORBUFFER, r->why);
    curl_easy_setopt(r->curl, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
    curl_easy_setopt(r->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(r->curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(r->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(r->curl, CURLOPT_USERAGENT, "hone/" HONE_VERSION);
    if (r->socket) {
        curl_easy_setopt(r->curl, CURLOPT_PROXY, "");
        curl_easy_setopt(r->curl, CURLOPT_SSL_VERIFYPEER, 0L); /* who is there is known by the socket's place */
        curl_easy_setopt(r->curl, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    r->why[0] = '\0';
    buf_free(&url);
}

static int code_of(const char *word)
{
    static const int codes[] = { ERR_AUTH, HONE_EINVAL, ERR_NOT_FOUND, ERR_CONFLICT, ERR_QUOTA, ERR_PRECONDITION };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (strcmp(err_api_code(codes[i]), word) == 0)
            return codes[i];
    }
    return ERR_SERVER;
}

static int unreachable(const struct remote *r, CURLcode code, struct hone_err *err)
{
    if (code == CURLE_OUT_OF_MEMORY)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for a request to the daemon");
    return hone_fail(err, ERR_SERVER, "the daemon at %s does not answer: %s", r->socket ? r->socket : r->base,
                     r->why[0] ? r->why : curl_easy_strerror(code));
}

/* The data of an answer, or what its error says. */
static cJSON *unwrap(struct remote *r, CURLcode code, struct buf *b, cJSON **details, struct hone_err *err)
{
    cJSON *data = NULL, *answer = NULL;
    const char *text = buf_str(b);
    if (code != CURLE_OK)
        unreachable(r, code, err);
    else if (!text || !(answer = json_parse(text, b->n, "answer", err)))
        hone_fail(err, ERR_SERVER, "%s does not answer as a daemon of hone does", r->socket ? r->socket : r->base);
    else if (json_bool(answer, "success", 0))
        data = cJSON_DetachItemFromObjectCaseSensitive(answer, "data");
    else if (code_of(json_str(answer, "code", "")) == ERR_AUTH && !r->headers->next)
        hone_fail(err, ERR_AUTH, "the daemon at %s wants a token; name the file that has it with --token-file or HONE_TOKEN_FILE "
                  "(`hone token create`, on its machine, makes one)", r->base);
    else
        hone_fail(err, code_of(json_str(answer, "code", "")), "%s", json_str(answer, "message", "the daemon gave no reason"));
    cJSON *error = answer && !data ? cJSON_GetObjectItemCaseSensitive(answer, "error") : NULL;
    if (details && error) {
        *details = cJSON_DetachItemFromObjectCaseSensitive(error, "details");
        if (cJSON_GetArraySize(*details) == 0) {
            cJSON_Delete(*details);
            *details = NULL;
        }
    }
    cJSON_Delete(answer);
    return data;
}

/* An answer that comes as events. What comes as a whole, such as a failure, is one line as well. */
struct hearing {
    struct buf line, *body;      /* body: the last answer's or failure's */
    char type[32];               /* of the event under way; "": none */
    const struct api_hooks *hooks;
};

static void hear_line(struct hearing *h, const char *line, size_t n)
{
    struct hone_err ignored;
    if (n > 7 && strncmp(line, "event: ", 7) == 0) {
        snprintf(h->type, sizeof h->type, "%.*s", (int)(n - 7), line + 7);
    } else if (n > 6 && strncmp(line, "data: ", 6) == 0 && strcmp(h->type, "text") == 0) {
        cJSON *f = json_parse(line + 6, n - 6, "event", &ignored);
        if (f && h->hooks->event)
            h->hooks->event(h->hooks->arg, h->type, f);
        cJSON_Delete(f);
    } else if (n > 6 && strncmp(line, "data: ", 6) == 0) {
        buf_clear(h->body);
        buf_add(h->body, line + 6, n - 6);
    } else if (!h->type[0] && n && line[0] != ':') {
        buf_add(h->body, line, n);
    }
}

static size_t hear(char *bytes, size_t size, size_t n, void *arg)
{
    struct hearing *h = arg;
    for (size_t i = 0; i < size * n; i++) {
        if (bytes[i] != '\n') {
            buf_putc(&h->line, bytes[i]);
            continue;
        }
        hear_line(h, h->line.p ? h->line.p : "", h->line.n);
        buf_clear(&h->line);
    }
    return buf_oom(&h->line) || buf_oom(h->body) || h->line.n > MAX_ANSWER ? 0 : size * n;
}

/* Posts a call; what comes back goes to `take`. */
static CURLcode post(struct remote *r, const char *function, const cJSON *in, size_t (*take)(char *, size_t, size_t, void *), void *arg)
{
    char path[128], *body = in ? json_text(in, 0) : strdup("{}");
    if (!body)
        return CURLE_OUT_OF_MEMORY;
    snprintf(path, sizeof path, "/api/v2/functions/%s", function);
    aim(r, path);
    curl_easy_setopt(r->curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(r->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
    curl_easy_setopt(r->curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(r->curl, CURLOPT_WRITEDATA, arg);
    CURLcode code = curl_easy_perform(r->curl);
    free(body);
    return code;
}

cJSON *remote_call(struct remote *r, const char *function, const cJSON *in, cJSON **details, struct hone_err *err)
{
    struct buf b = { 0 };
    CURLcode code = post(r, function, in, take_bytes, &b);
    cJSON *data = unwrap(r, code, &b, details, err);
    buf_free(&b);
    return data;
}

cJSON *remote_hear(struct remote *r, const char *function, const cJSON *in, const struct api_hooks *hooks, cJSON **details, struct hone_err *err)
{
    struct buf body = { 0 };
    struct hearing h = { .body = &body, .hooks = hooks };
    CURLcode code = post(r, function, in, hear, &h);
    hear_line(&h, h.line.p ? h.line.p : "", h.line.n);
    cJSON *data = unwrap(r, code, &body, details, err);
    buf_free(&h.line);
    buf_free(&body);
    return data;
}

/* ---- files ---- */

static size_t read_file(char *to, size_t size, size_t n, void *arg)
{
    ssize_t got;
    while ((got = read(*(const int *)arg, to, size * n)) < 0 && errno == EINTR)
        ;
    return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

char *remote_upload(struct remote *r, const char *file, const char *format, struct hone_err *err)
{
    struct buf b = { 0 };
    struct curl_slist *own = NULL;
    const char *slash = strrchr(file, '/');
    int fd = strcmp(file, "-") == 0 ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        err_open(err, file);
        return NULL;
    }
    aim(r, "/api/v2/functions/uploadDataset");
    for (struct curl_slist *h = r->headers->next; h; h = h->next) /* all but the content type, which curl makes */
        own = curl_slist_append(own, h->data);
    curl_mime *mime = curl_mime_init(r->curl);
    curl_mimepart *part = curl_mime_addpart(mime);
    curl_mime_name(part, "file");
    curl_mime_data_cb(part, -1, read_file, NULL, NULL, &fd);
    curl_mime_filename(part, fd == STDIN_FILENO ? "standard-input" : slash ? slash + 1 : file);
    if (format) {
        part = curl_mime_addpart(mime);
        curl_mime_name(part, "format");
        curl_mime_data(part, format, CURL_ZERO_TERMINATED);
    }
    curl_easy_setopt(r->curl, CURLOPT_MIMEPOST, mime);
    curl_easy_setopt(r->curl, CURLOPT_HTTPHEADER, own);
    curl_easy_setopt(r->curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(r->curl, CURLOPT_WRITEDATA, &b);
    cJSON *data = unwrap(r, curl_easy_perform(r->curl), &b, NULL, err);
    const char *id = json_str(data, "dataset_id", NULL);
    char *copy = id ? strdup(id) : NULL;
    if (id && !copy)
        hone_fail(err, HONE_ENOMEM, "memory ran out");
    else if (data && !id)
        hone_fail(err, ERR_SERVER, "the daemon gave no id for %s", file);
    if (fd != STDIN_FILENO)
        close(fd);
    cJSON_Delete(data);
    curl_mime_free(mime);
    curl_slist_free_all(own);
    buf_free(&b);
    return copy;
}

/* ---- events ---- */

struct follow {
    struct buf line;
    int (*state)(void *arg, const cJSON *state);
    void *arg;
    int enough;
};

/* A line of the stream; only "data:" lines matter, each of which is a whole state. */
static void take_line(struct follow *f, const char *line, size_t n)
{
    struct hone_err ignored;
    if (n < 6 || strncmp(line, "data: ", 6) != 0 || f->enough)
        return;
    cJSON *v = json_parse(line + 6, n - 6, "event", &ignored);
    if (v)
        f->enough = !f->state(f->arg, v);
    cJSON_Delete(v);
}

static size_t take_events(char *bytes, size_t size, size_t n, void *arg)
{
    struct follow *f = arg;
    for (size_t i = 0; i < size * n && !f->enough; i++) {
        if (bytes[i] != '\n') {
            buf_putc(&f->line, bytes[i]);
            continue;
        }
        take_line(f, f->line.p ? f->line.p : "", f->line.n);
        buf_clear(&f->line);
    }
    return f->enough || buf_oom(&f->line) ? 0 : size * n;
}

static int look_up(void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    struct follow *f = arg;
    (void)total, (void)now, (void)up_total, (void)up_now;
    if (!f->enough)
        f->enough = !f->state(f->arg, NULL);
    return f->enough;
}

int remote_follow(struct remote *r, const char *job_id, int (*state)(void *arg, const cJSON *state), void *arg, struct hone_err *err)
{
    struct follow f = { .state = state, .arg = arg };
    char path[160];
    long status = 0;
    snprintf(path, sizeof path, "/api/v2/jobs/%.64s/events", job_id);
    aim(r, path);
    curl_easy_setopt(r->curl, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(r->curl, CURLOPT_WRITEFUNCTION, take_events);
    curl_easy_setopt(r->curl, CURLOPT_WRITEDATA, &f);
    curl_easy_setopt(r->curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(r->curl, CURLOPT_XFERINFOFUNCTION, look_up);
    curl_easy_setopt(r->curl, CURLOPT_XFERINFODATA, &f);
    CURLcode code = curl_easy_perform(r->curl);
    curl_easy_getinfo(r->curl, CURLINFO_RESPONSE_CODE, &status);
    buf_free(&f.line);
    if (f.enough || (code == CURLE_OK && status == 200))
        return 0;
    return code == CURLE_OK ? hone_fail(err, ERR_SERVER, "the daemon does not tell of job %s (status %ld)", job_id, status) : unreachable(r, code, err);
}
