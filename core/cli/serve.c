/* `hone serve`: the daemon as a process. It owns the signals, the order in which things begin and end, and where log lines go; the
 * daemon itself is core/api/daemon.h's and the connections are core/http's. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/api/daemon.h"
#include "core/api/serving.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/cli/commands.h"
#include "core/cli/notify.h"
#include "core/cli/serve_http.h"

#define LISTEN_HANDED 4   /* sockets that systemd may hand over */
#define END_MS 10000 /* for requests that are under way when the daemon ends */

/* ---- log lines as JSON ---- */

static void put_line(void *arg, int level, const char *text)
{
    static const char *const words[] = { "error", "warn", "info", "debug" };
    const char *trace = log_trace_id();
    struct buf b = { 0 };
    char at[25];
    (void)arg;
    clock_rfc3339(clock_wall_ms(), at);
    buf_printf(&b, "{\"time\":\"%s\",\"level\":\"%s\",\"message\":", at, words[level < 0 || level > LOG_DEBUG ? LOG_ERROR : level]);
    buf_json_string(&b, text, strlen(text));
    if (trace && *trace) {
        buf_puts(&b, ",\"trace_id\":");
        buf_json_string(&b, trace, strlen(trace));
    }
    buf_puts(&b, "}\n");
    if (!buf_oom(&b))
        (void)file_write_all(STDERR_FILENO, b.p, b.n);
    buf_free(&b);
}

/* ---- configuration ---- */

struct serve {
    struct cli *c;
    struct daemon *daemon;
    struct serving *serving;
    struct serve_http http;
    struct daemon_options options;
    char socket[128], handed[LISTEN_HANDED][16];
    char *credential[2];      /* owned */
};

static int number(const struct cli *c, const char *option, double max, int64_t *out, struct hone_err *err)
{
    double v;
    int rc = cli_number(c, option, 0, max, 0, &v, err);
    *out = rc < 0 ? 0 : (int64_t)v;
    return rc;
}

/* The addresses of --listen, parted by commas, or those that are configured, or instead of these the sockets that systemd hands over; and the
 * Unix socket in the state directory. */
static int set_listen(struct serve *s, const char *given, struct hone_err *err)
{
    static char text[512];
    char *save = NULL;
    size_t n = 0, most = sizeof s->http.config.listen / sizeof s->http.config.listen[0] - 1;
    int handed = notify_listen_fds();
    if (handed > LISTEN_HANDED)
        return hone_fail(err, HONE_EINVAL, "systemd hands %d sockets over; at most %d are taken", handed, LISTEN_HANDED);
    for (int i = 0; i < handed; i++) {
        snprintf(s->handed[i], sizeof s->handed[i], "fd:%d", 3 + i);
        s->http.config.listen[n++] = s->handed[i];
    }
    while (!handed && !given && s->http.config.listen[n])
        n++;
    snprintf(text, sizeof text, "%s", given ? given : "");
    if (given && strlen(given) >= sizeof text)
        return hone_fail(err, ERR_USAGE, "--listen is too long");
    for (char *one = strtok_r(text, ",", &save); one; one = strtok_r(NULL, ",", &save)) {
        if (n + 1 >= most)
            return hone_fail(err, ERR_USAGE, "--listen takes at most %zu addresses", most - 1);
        s->http.config.listen[n++] = one;
    }
    int length = snprintf(s->socket, sizeof s->socket, "unix:%s/%s", s->c->api.state_dir, CLI_SOCKET);
    if (length - (int)sizeof "unix:" >= (int)sizeof ((struct sockaddr_un *)NULL)->sun_path - 1)
        return hone_fail(err, HONE_EINVAL, "the path of the state directory is too long for a Unix socket in it: %s", s->c->api.state_dir);
    s->http.config.listen[n++] = s->socket;
    s->http.config.listen[n] = NULL;
    return 0;
}

/* As many files as the system allows: a watcher of events costs one. Without a word on connections, there may be as many. */
static void raise_limits(struct http_config *c, int given)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0 || given)
        return;
    if (files.rlim_cur > 65536)
        c->connections = 16384;
    else if (files.rlim_cur < (rlim_t)c->connections + 128)
        c->connections = files.rlim_cur > 256 ? (int)files.rlim_cur - 128 : 64;
}

/* A certificate and its key that systemd has put where only this process sees them (LoadCredential=tls-cert:..., tls-key:...). */
static void take_credentials(struct serve *s)
{
    static const char *const names[] = { "tls-cert", "tls-key" };
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    for (int i = 0; i < 2 && dir && *dir; i++) {
        char *path = NULL;
        if (asprintf(&path, "%s/%s", dir, names[i]) < 0)
            continue;
        if (access(path, R_OK) == 0 || errno != ENOENT) /* one that cannot be read is refused later, with its name */
            s->credential[i] = path;
        else
            free(path);
    }
    s->http.config.tls_cert = s->credential[0];
    s->http.config.tls_key = s->credential[1];
}

static struct quota_limits limits(const struct settings *s, const char *group)
{
    static const struct {
        const char *name;
        size_t to;
    } all[] = {
        { "jobsPerDay", offsetof(struct quota_limits, jobs_per_day) }, { "runningJobs", offsetof(struct quota_limits, jobs_active) },
        { "examples", offsetof(struct quota_limits, examples) }, { "bytes", offsetof(struct quota_limits, bytes) },
    };
    struct quota_limits l = { 0 };
    char key[64];
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        snprintf(key, sizeof key, "%s.%s", group, all[i].name);
        *(int64_t *)(void *)((char *)&l + all[i].to) = (int64_t)settings_number(s, key);
    }
    return l;
}

static struct warm_opts serving_options(const struct settings *s)
{
    return (struct warm_opts){ .threads = 1, .log_level = LOG_WARN, .memory_bytes = (int64_t)settings_number(s, "serving.memoryMb") << 20,
                               .idle_ms = (int64_t)settings_number(s, "serving.idleMs"), .answer_ms = (int64_t)settings_number(s, "serving.answerMs"),
                               .queue = (int64_t)settings_number(s, "serving.queue"), .map = settings_number(s, "serving.mapWeights") != 0 };
}

static int configure(struct serve *s, struct hone_err *err)
{
    struct cli *c = s->c;
    int64_t jobs = 0, minutes = 0, silence = 0, requests = 0, ms = 0;
    int rc = number(c, "jobs", 64, &jobs, err);
    rc = rc < 0 ? rc : number(c, "job-memory", 1e9, &s->options.memory_mb, err);
    rc = rc < 0 ? rc : number(c, "job-minutes", 1e6, &minutes, err);
    rc = rc < 0 ? rc : number(c, "job-silence", 1e6, &silence, err);
    rc = rc < 0 ? rc : number(c, "retry-ms", 1e9, &s->options.retry_ms, err);
    rc = rc < 0 ? rc : number(c, "drain-ms", 1e9, &ms, err);
    rc = rc < 0 ? rc : number(c, "requests-per-minute", 1e9, &requests, err);
    if (rc < 0)
        return rc;
    s->options.jobs = (int)jobs;
    s->options.job_ms = minutes * 60000;
    s->options.silence_ms = silence * 1000;
    s->options.drain_ms = ms;
    s->options.tenant = limits(c->settings, "limits");
    s->options.tenant.webhooks = (int64_t)settings_number(c->settings, "limits.webhooks");
    s->options.token = limits(c->settings, "tokenLimits");
    if ((rc = serve_http_settings(&s->http, c->settings, err)) < 0)
        return rc;
    raise_limits(&s->http.config, strcmp(settings_source(c->settings, "http.connections"), "built in") != 0);
    s->http.config.behind_proxy |= cli_value(c, "behind-proxy") != NULL;
    if (!s->http.config.tls_cert && !s->http.config.tls_key)
        take_credentials(s);
    if (cli_value(c, "tls-cert"))
        s->http.config.tls_cert = cli_value(c, "tls-cert");
    if (cli_value(c, "tls-key"))
        s->http.config.tls_key = cli_value(c, "tls-key");
    if (cli_value(c, "requests-per-minute"))
        s->http.config.requests_per_minute = (int)requests;
    if (cli_value(c, "access-log"))
        s->http.config.access_log = cli_value(c, "access-log");
    if (cli_value(c, "cors"))
        s->http.config.cors[0] = cli_value(c, "cors");
    return set_listen(s, cli_value(c, "listen"), err);
}

/* ---- life ---- */

static void tell_ready(struct serve *s)
{
    cJSON *o = cJSON_CreateObject(), *list = cJSON_CreateArray();
    for (int i = 0; http_address(s->http.server, i); i++)
        cJSON_AddItemToArray(list, cJSON_CreateString(http_address(s->http.server, i)));
    json_put_str(o, "status", "ready");
    json_put_int(o, "pid", getpid());
    json_put(o, "listening", list);
    json_put_str(o, "state", s->c->api.state_dir);
    char *text = json_text(o, 0);
    if (s->c->json && text) {
        puts(text);
        fflush(stdout);
    }
    for (int i = 0; http_address(s->http.server, i); i++)
        log_line(LOG_INFO, "listening on %s", http_address(s->http.server, i));
    free(text);
    cJSON_Delete(o);
}

/* Asks a worker what it gives up here, and says once what is missing of it. */
static void look_at_sandbox(struct serve *s)
{
    struct hone_err err = { 0 };
    cJSON *o = api_sandbox(&err);
    const cJSON *missing = json_get(o, "missing"), *one;
    struct buf b = { 0 };
    cJSON_ArrayForEach(one, missing)
        buf_printf(&b, "%s%s", b.n ? "; " : "", cJSON_IsString(one) ? one->valuestring : "");
    if (!o)
        log_line(LOG_WARN, "what workers give up before they load plugins is not known: %s", err.text);
    else if (b.n)
        log_line(LOG_WARN, "workers give up less than they should before they load plugins: %s", buf_str(&b));
    else
        log_line(LOG_INFO, "workers give up files (Landlock %lld), network, signals to others and system calls before they load plugins",
                 (long long)json_int(o, "landlock", 0));
    s->http.sandbox = o ? json_text(o, 0) : NULL;
    buf_free(&b);
    cJSON_Delete(o);
}

static int begin(struct serve *s, struct hone_err *err)
{
    struct cli *c = s->c;
    c->api.log_level = LOG_WARN; /* of workers: their lines come to us */
    if (!(s->daemon = daemon_open(&c->api, &s->options, err)))
        return err->code;
    struct api *a = daemon_api(s->daemon);
    const struct warm_opts warm = serving_options(c->settings);
    if (!(s->serving = serving_open(a, &warm, err)))
        return err->code;
    a->serving = s->serving; /* before there are threads that read it */
    if (daemon_start(s->daemon, err) < 0)
        return err->code;
    look_at_sandbox(s);
    return serve_http_start(&s->http, s->daemon, err);
}

/* Jobs write their checkpoints while questions are still answered; then nothing new is taken, and what is under way ends. */
static void end(struct serve *s)
{
    if (s->http.server)
        http_drain(s->http.server);
    if (s->daemon)
        daemon_stop(s->daemon);
    serve_http_close(&s->http, END_MS);
    serving_close(s->serving);
    daemon_close(s->daemon);
    free(s->credential[0]);
    free(s->credential[1]);
}

static void tell_systemd(const char *text)
{
    struct hone_err err = { 0 };
    if (notify_send(text, &err) < 0)
        log_line(LOG_WARN, "%s", err.text);
}

/* Until a signal asks for the end. Meanwhile signs of life go to systemd, each after the daemon has answered a question about its
 * database: one that hangs gives none, and is started again. */
static void wait_for_end(struct serve *s, const sigset_t *wanted)
{
    int64_t ms = notify_watchdog_ms();
    const struct timespec wait = { ms / 1000, ms % 1000 * 1000000 };
    int got;
    do {
        got = ms ? sigtimedwait(wanted, NULL, &wait) : sigwaitinfo(wanted, NULL);
        struct daemon_counts counts;
        struct hone_err err = { 0 };
        if (ms && got < 0 && daemon_counts(s->daemon, &counts, &err) == 0)
            tell_systemd("WATCHDOG=1");
    } while (got == SIGHUP || got < 0);
}

static int run_serve(struct cli *c, struct hone_err *err)
{
    struct serve s = { .c = c };
    sigset_t wanted;
    int rc = configure(&s, err);
    if (rc < 0)
        return rc;
    if (!c->quiet && !c->verbose)
        log_setup("hone", LOG_INFO);
    log_redirect(put_line, NULL);
    umask(077);
    unsetenv("SSLKEYLOGFILE"); /* libcurl would write the keys of its connections there */
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &wanted, NULL); /* before there are threads, which inherit it */
    rc = begin(&s, err);
    if (rc == 0) {
        tell_ready(&s);
        tell_systemd("READY=1");
        wait_for_end(&s, &wanted);
        rc = daemon_lost(s.daemon, err) ? err->code : 0;
        tell_systemd("STOPPING=1");
        log_line(LOG_INFO, "ending: running jobs write a checkpoint and go on at the next start");
    }
    end(&s);
    log_redirect(NULL, NULL);
    return rc;
}

static const struct cli_option serve_options[] = {
    { "listen", "ADDRESS,...", "where: 127.0.0.1:8080 by default; [::1]:PORT, PORT 0 takes a free one" },
    { "behind-proxy", NULL, "a proxy in front does TLS: addresses beyond this machine are allowed" },
    { "tls-cert", "FILE", "certificate chain in PEM, with --tls-key" },
    { "tls-key", "FILE", "its private key" },
    { "jobs", "N", "jobs that run at once (default: one a core)" },
    { "job-memory", "MB", "most memory of a job's worker (default: no limit)" },
    { "job-minutes", "N", "longest time that a job may run (default: no limit)" },
    { "job-silence", "N", "seconds without progress after which a job's worker is killed (default 300)" },
    { "retry-ms", "N", "wait after the first death of a worker, four times as long after each further one (default 1000)" },
    { "drain-ms", "N", "how long jobs may take for their checkpoint at the end (default 25000)" },
    { "requests-per-minute", "N", "of one token (default: no limit)" },
    { "access-log", "FILE", "a line a request: a file, - (standard error, the default) or none" },
    { "cors", "ORIGIN", "an origin whose pages may call from browsers" },
    { "config", "FILE", "settings from a file; those of the groups http, limits, tokenLimits, webhooks and serving are for the server" },
    { "set", "KEY=VALUE", "one setting, such as http.bodyBytes=2000000; may be repeated" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_serve = {
    "serve", "", "serve the Training API over HTTP and run its jobs",
    "hone serve\nhone serve --listen 127.0.0.1:9000 --jobs 4\nhone serve --listen 0.0.0.0:8080 --behind-proxy",
    serve_options, 0, 0, 1, run_serve,
};
