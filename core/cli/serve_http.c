/* See serve_http.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/cli/serve_http.h"

/* ---- settings ---- */

static void numbers(struct http_config *c, const struct settings *s)
{
    const struct {
        const char *key;
        int *to;
    } all[] = {
        { "http.behindProxy", &c->behind_proxy }, { "http.threads", &c->threads }, { "http.callThreads", &c->call_threads },
        { "http.longCalls", &c->long_calls }, { "http.connections", &c->connections },
        { "http.connectionsPerAddress", &c->connections_per_address }, { "http.backlog", &c->backlog }, { "http.headerMs", &c->header_ms },
        { "http.bodyMs", &c->body_ms }, { "http.writeMs", &c->write_ms }, { "http.headerLines", &c->header_lines },
        { "http.headerBytes", &c->header_bytes }, { "http.urlBytes", &c->url_bytes }, { "http.connectionBytes", &c->connection_bytes },
        { "http.loginFailures", &c->login_failures }, { "http.requestsPerMinute", &c->requests_per_minute },
        { "limits.requestsPerMinute", &c->tenant_requests_per_minute },
        { "http.heartbeatMs", &c->heartbeat_ms }, { "http.retryMs", &c->retry_ms }, { "http.gzipBytes", &c->gzip_bytes },
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        *all[i].to = (int)settings_number(s, all[i].key);
    c->body_bytes = (int64_t)settings_number(s, "http.bodyBytes");
    c->upload_bytes = (int64_t)settings_number(s, "http.uploadBytes");
}

/* The strings of a list, `room` of them and a NULL. */
static int list(const struct settings *s, const char *key, const char **to, int room, struct hone_err *err)
{
    const cJSON *v = settings_list(s, key), *one;
    int n = 0;
    if (cJSON_GetArraySize(v) > room)
        return hone_fail(err, HONE_EINVAL, "%s has %d entries; at most %d are taken", key, cJSON_GetArraySize(v), room);
    cJSON_ArrayForEach(one, v)
        to[n++] = one->valuestring;
    if (v && n)
        to[n] = NULL;
    return 0;
}

int serve_http_settings(struct serve_http *h, const struct settings *s, struct hone_err *err)
{
    struct http_config *c = &h->config;
    const char *log = settings_text(s, "http.accessLog");
    http_config_default(c);
    numbers(c, s);
    if (list(s, "http.listen", c->listen, 5, err) < 0 ||
        list(s, "http.cors", c->cors, (int)(sizeof c->cors / sizeof c->cors[0]) - 1, err) < 0)
        return err->code;
    c->tls_cert = h->cert = settings_file(s, "http.tlsCert");
    c->tls_key = h->key = settings_file(s, "http.tlsKey");
    h->log = log && strcmp(log, "-") != 0 && strcmp(log, "none") != 0 ? settings_file(s, "http.accessLog") : NULL;
    c->access_log = h->log ? h->log : log;
    return 0;
}

/* ---- the daemon ---- */

static int identify(void *arg, const char *token, size_t n, struct http_identity *out, struct hone_err *err)
{
    char text[257];
    struct api_who who;
    if (n >= sizeof text)
        return hone_fail(err, ERR_AUTH, "the token is too long");
    memcpy(text, token, n);
    text[n] = '\0';
    int rc = strlen(text) == n ? daemon_token(arg, text, &who, err) : hone_fail(err, ERR_AUTH, "the token has a zero byte");
    explicit_bzero(text, sizeof text);
    if (rc < 0)
        return rc;
    snprintf(out->tenant, sizeof out->tenant, "%s", who.tenant);
    snprintf(out->token_id, sizeof out->token_id, "%s", who.token_id);
    out->scope = who.scope;
    return 0;
}

static int events_since(void *arg, const char *tenant, const char *job_id, int64_t after, int limit, api_watcher *each, void *to, int *ended,
                        struct hone_err *err)
{
    return daemon_events_since(arg, tenant, job_id, after, limit, each, to, ended, err);
}

static int ready(void *arg, struct hone_err *err)
{
    return daemon_ready(arg, err);
}

static void put(struct buf *b, const char *name, const char *type, const char *help, int64_t value)
{
    buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n%s %lld\n", name, help, name, type, name, (long long)value);
}

static void metrics(void *arg, const char *tenant, struct buf *b)
{
    struct daemon_counts c;
    struct hone_err err;
    if (daemon_counts(arg, &c, &err) < 0)
        return;
    buf_puts(b, "# HELP hone_jobs Jobs by status.\n# TYPE hone_jobs gauge\n");
    for (int i = 0; i < JOB_STATUSES; i++)
        buf_printf(b, "hone_jobs{status=\"%s\"} %lld\n", job_status_name((enum job_status)i), (long long)c.jobs[i]);
    put(b, "hone_jobs_waiting", "gauge", "Jobs that wait for a free place.", c.waiting);
    put(b, "hone_jobs_running", "gauge", "Workers that train.", c.running);
    put(b, "hone_worker_deaths_total", "counter", "Workers of jobs that died.", c.deaths);
    put(b, "hone_job_retries_total", "counter", "Jobs given back to the queue.", c.retries);
    put(b, "hone_fenced_messages_total", "counter", "Messages of older runs that were refused.", c.dropped);
    put(b, "hone_calls_total", "counter", "Calls of functions, by any transport.", c.calls);
    put(b, "hone_call_failures_total", "counter", "Those that failed.", c.faults);
    daemon_metrics(arg, tenant, b);
}

/* ---- start and close ---- */

int serve_http_start(struct serve_http *h, struct daemon *d, struct hone_err *err)
{
    h->daemon = d;
    h->program = (struct http_program){ .api = daemon_api(d), .arg = d, .identify = identify, .ready = ready, .events_since = events_since,
                                        .metrics = metrics, .sandbox = h->sandbox };
    h->server = http_start(&h->config, &h->program, err);
    if (!h->server)
        return err->code;
    h->watch = daemon_watch(d, http_watcher, h->server, err);
    h->watching = h->watch >= 0;
    return h->watching ? 0 : h->watch;
}

void serve_http_close(struct serve_http *h, int grace_ms)
{
    if (h->watching)
        daemon_unwatch(h->daemon, h->watch);
    http_stop(h->server, grace_ms);
    free(h->cert);
    free(h->key);
    free(h->log);
    free(h->sandbox);
    *h = (struct serve_http){ 0 };
}
