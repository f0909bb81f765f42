/* `hone serve`: the daemon as a process. It owns the signals, the order in which things begin and end, and where log lines go; the
 * daemon itself is core/api/daemon.h's and the connections are core/http's. */
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
#include "core/http/http.h"

#define END_MS 10000 /* for requests that are under way when the daemon ends */

/* ---- log lines as JSON ---- */

static void put_line(void *arg, int level, const char *text)
{
    static const char *const words[] = { "error", "warn", "info", "debug" };
    struct buf b = { 0 };
    char at[25];
    (void)arg;
    clock_rfc3339(clock_wall_ms(), at);
    buf_printf(&b, "{\"time\":\"%s\",\"level\":\"%s\",\"message\":", at, words[level < 0 || level > LOG_DEBUG ? LOG_ERROR : level]);
    buf_json_string(&b, text, strlen(text));
    buf_puts(&b, "}\n");
    if (!buf_oom(&b))
        (void)file_write_all(STDERR_FILENO, b.p, b.n);
    buf_free(&b);
}

/* ---- what HTTP asks of us ---- */

static int identify(void *arg, const char *token, size_t n, struct http_identity *out, struct hone_err *err)
{
    struct api_who who;
    char text[96];
    if (n >= sizeof text)
        return hone_fail(err, ERR_AUTH, "this is no token of hone; `hone token create` makes one");
    memcpy(text, token, n);
    text[n] = '\0';
    int rc = daemon_token(arg, text, &who, err);
    explicit_bzero(text, sizeof text);
    if (rc < 0)
        return rc;
    snprintf(out->tenant, sizeof out->tenant, "%s", who.tenant);
    snprintf(out->token_id, sizeof out->token_id, "%s", who.token_id);
    out->scope = who.scope;
    return 0;
}

static int ready(void *arg, struct hone_err *err)
{
    return daemon_stopping(arg) ? hone_fail(err, ERR_CONFLICT, "the daemon is ending") : 0;
}

static void metrics(void *arg, struct buf *b)
{
    struct daemon_counts c;
    struct hone_err err;
    if (daemon_counts(arg, &c, &err) < 0)
        return;
    buf_puts(b, "# HELP hone_jobs Training jobs by status.\n# TYPE hone_jobs gauge\n");
    for (int i = 0; i < JOB_STATUSES; i++)
        buf_printf(b, "hone_jobs{status=\"%s\"} %lld\n", job_status_name((enum job_status)i), (long long)c.jobs[i]);
    buf_printf(b, "# HELP hone_jobs_waiting Jobs that wait for a free place.\n# TYPE hone_jobs_waiting gauge\nhone_jobs_waiting %lld\n"
                  "# HELP hone_jobs_running Jobs that a worker runs.\n# TYPE hone_jobs_running gauge\nhone_jobs_running %lld\n"
                  "# HELP hone_worker_deaths_total Workers of jobs that died.\n# TYPE hone_worker_deaths_total counter\nhone_worker_deaths_total %lld\n"
                  "# HELP hone_job_retries_total Jobs given back to the queue after a death.\n# TYPE hone_job_retries_total counter\n"
                  "hone_job_retries_total %lld\n",
               (long long)c.waiting, (long long)c.running, (long long)c.deaths, (long long)c.retries);
}

/* ---- configuration ---- */

struct serve {
    struct cli *c;
    struct daemon *daemon;
    struct serving *serving;
    struct http_server *http;
    struct http_config config;
    struct http_program program;
    struct daemon_options options;
    char socket[128];
};

static int number(const struct cli *c, const char *option, double max, int64_t *out, struct hone_err *err)
{
    double v;
    int rc = cli_number(c, option, 0, max, 0, &v, err);
    *out = rc < 0 ? 0 : (int64_t)v;
    return rc;
}

/* The addresses of --listen, parted by commas, and the Unix socket in the state directory. */
static int set_listen(struct serve *s, const char *given, struct hone_err *err)
{
    static char text[512];
    char *save = NULL;
    size_t n = 0, most = sizeof s->config.listen / sizeof s->config.listen[0] - 1;
    snprintf(text, sizeof text, "%s", given ? given : s->config.listen[0]);
    if (given && strlen(given) >= sizeof text)
        return hone_fail(err, ERR_USAGE, "--listen is too long");
    for (char *one = strtok_r(text, ",", &save); one; one = strtok_r(NULL, ",", &save)) {
        if (n + 1 >= most)
            return hone_fail(err, ERR_USAGE, "--listen takes at most %zu addresses", most - 1);
        s->config.listen[n++] = one;
    }
    int length = snprintf(s->socket, sizeof s->socket, "unix:%s/%s", s->c->api.state_dir, CLI_SOCKET);
    if (length - (int)sizeof "unix:" >= (int)sizeof ((struct sockaddr_un *)NULL)->sun_path - 1)
        return hone_fail(err, HONE_EINVAL, "the path of the state directory is too long for a Unix socket in it: %s", s->c->api.state_dir);
    s->config.listen[n++] = s->socket;
    s->config.listen[n] = NULL;
    return 0;
}

static int configure(struct serve *s, struct hone_err *err)
{
    struct cli *c = s->c;
    int64_t jobs = 0, minutes = 0, requests = 0, ms = 0;
    int rc = number(c, "jobs", 64, &jobs, err);
    rc = rc < 0 ? rc : number(c, "job-memory", 1e9, &s->options.memory_mb, err);
    rc = rc < 0 ? rc : number(c, "job-minutes", 1e6, &minutes, err);
    rc = rc < 0 ? rc : number(c, "retry-ms", 1e9, &s->options.retry_ms, err);
    rc = rc < 0 ? rc : number(c, "drain-ms", 1e9, &ms, err);
    rc = rc < 0 ? rc : number(c, "requests-per-minute", 1e9, &requests, err);
    if (rc < 0)
        return rc;
    s->options.jobs = (int)jobs;
    s->options.job_ms = minutes * 60000;
    s->options.drain_ms = ms;
    http_config_default(&s->config);
    s->config.behind_proxy = cli_value(c, "behind-proxy") != NULL;
    s->config.tls_cert = cli_value(c, "tls-cert");
    s->config.tls_key = cli_value(c, "tls-key");
    s->config.requests_per_minute = (int)requests;
    if (cli_value(c, "access-log"))
        s->config.access_log = cli_value(c, "access-log");
    if (cli_value(c, "cors"))
        s->config.cors[0] = cli_value(c, "cors");
    return set_listen(s, cli_value(c, "listen"), err);
}

/* As many files as the system allows: a watcher of events costs one. */
static void raise_limits(struct http_config *c)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur > 65536)
        c->connections = 16384;
    else if (files.rlim_cur < (rlim_t)c->connections + 128)
        c->connections = files.rlim_cur > 256 ? (int)files.rlim_cur - 128 : 64;
}

/* ---- life ---- */

static void tell_ready(struct serve *s)
{
    cJSON *o = cJSON_CreateObject(), *list = cJSON_CreateArray();
    for (int i = 0; http_address(s->http, i); i++)
        cJSON_AddItemToArray(list, cJSON_CreateString(http_address(s->http, i)));
    json_put_str(o, "status", "ready");
    json_put_int(o, "pid", getpid());
    json_put(o, "listening", list);
    json_put_str(o, "state", s->c->api.state_dir);
    char *text = json_text(o, 0);
    if (s->c->json && text) {
        puts(text);
        fflush(stdout);
    }
    for (int i = 0; http_address(s->http, i); i++)
        log_line(LOG_INFO, "listening on %s", http_address(s->http, i));
    free(text);
    cJSON_Delete(o);
}

static int begin(struct serve *s, struct hone_err *err)
{
    struct cli *c = s->c;
    c->api.log_level = LOG_WARN; /* of workers: their lines come to us */
    if (!(s->daemon = daemon_open(&c->api, &s->options, err)) || daemon_start(s->daemon, err) < 0)
        return err->code;
    struct api *a = daemon_api(s->daemon);
    if (!(s->serving = serving_open(a, &(struct warm_opts){ .threads = 1, .log_level = LOG_WARN }, err)))
        return err->code;
    a->serving = s->serving;
    s->program = (struct http_program){ .api = a, .arg = s->daemon, .identify = identify, .ready = ready, .metrics = metrics };
    s->http = http_start(&s->config, &s->program, err);
    return s->http ? 0 : err->code;
}

/* Jobs write their checkpoints while questions are still answered; then nothing new is taken, and what is under way ends. */
static void end(struct serve *s)
{
    if (s->http)
        http_drain(s->http);
    if (s->daemon)
        daemon_stop(s->daemon);
    http_stop(s->http, END_MS);
    serving_close(s->serving);
    daemon_close(s->daemon);
    if (s->socket[0])
        unlink(s->socket + sizeof "unix:" - 1);
}

static int run_serve(struct cli *c, struct hone_err *err)
{
    struct serve s = { .c = c };
    sigset_t wanted;
    int signal_number = 0, rc = configure(&s, err);
    if (rc < 0)
        return rc;
    if (!c->quiet && !c->verbose)
        log_setup("hone", LOG_INFO);
    log_redirect(put_line, NULL);
    umask(077);
    raise_limits(&s.config);
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &wanted, NULL); /* before there are threads, which inherit it */
    rc = begin(&s, err);
    if (rc == 0) {
        tell_ready(&s);
        do {
            sigwait(&wanted, &signal_number);
        } while (signal_number == SIGHUP);
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
    { "retry-ms", "N", "wait after the first death of a worker, four times as long after each further one (default 1000)" },
    { "drain-ms", "N", "how long jobs may take for their checkpoint at the end (default 25000)" },
    { "requests-per-minute", "N", "of one token (default: no limit)" },
    { "access-log", "FILE", "a line a request: a file, - (standard error, the default) or none" },
    { "cors", "ORIGIN", "an origin whose pages may call from browsers" },
    { NULL, NULL, NULL },
};
const struct cli_command cmd_serve = {
    "serve", "", "serve the Training API over HTTP and run its jobs",
    "hone serve\nhone serve --listen 127.0.0.1:9000 --jobs 4\nhone serve --listen 0.0.0.0:8080 --behind-proxy",
    serve_options, 0, 0, 1, run_serve,
};
