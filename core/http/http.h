/* The Training API over HTTP, on libmicrohttpd: one table of functions (core/api/function.h) behind a few paths, and what operators
 * need beside them. Not the meaning of any function, and not the queue of jobs: those are core/api's and core/jobs'. Called by
 * `hone serve`, which owns the process, its signals and its database. docs/operations.md has the paths and limits for people. */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H
#include <stdint.h>
#include "core/api/daemon.h"
#include "core/base/buf.h"
#include "core/base/err.h"

/* Who sends a request. */
struct http_identity {
    char tenant[64];
    char token_id[32];            /* for logs; never the secret */
    enum api_scope scope;
};

/* Every limit, as configured; http_config_default() fills in what docs/configuration.md says. Strings are borrowed while the server lives. */
struct http_config {
    const char *listen[8];        /* "127.0.0.1:8080", "[::1]:8080", "unix:/path", "fd:3"; NULL ends */
    int behind_proxy;             /* a proxy in front does TLS and says X-Forwarded-For */
    const char *tls_cert, *tls_key;   /* PEM files; both or none */
    int threads;                  /* that serve connections; 0: one a core, at most 8 */
    int call_threads, long_calls; /* calls that may wait for something, overall and for workers */
    int connections, connections_per_address, backlog;
    int header_ms, body_ms, write_ms;   /* deadlines, absolute */
    int64_t body_bytes, upload_bytes;
    int header_lines, header_bytes, url_bytes, connection_bytes;
    int login_failures;           /* a minute from one address */
    int requests_per_minute;      /* with one token; 0: no limit */
    int tenant_requests_per_minute;   /* of one tenant; 0: no limit */
    int heartbeat_ms, retry_ms;   /* of event streams */
    int gzip_bytes;               /* answers from this size on are compressed for who takes it; 0: none */
    const char *access_log;       /* "none", "-" or a file */
    const char *cors[8];          /* origins that may call from browsers; NULL ends; "*": all */
};
void http_config_default(struct http_config *c);
/* Checks one against the other; http_start() does so too. 0 or HONE_EINVAL with a sentence that names the key. */
int http_config_check(const struct http_config *c, struct hone_err *err);

/* What the transport needs from the program around it. Functions may be called by several threads at once. */
struct http_program {
    struct api *api;              /* a daemon's: it bears several calls at once */
    void *arg;
    /* The identity behind a token of n bytes. 0; ERR_AUTH when there is none, it is revoked or expired; or another negative code. */
    int (*identify)(void *arg, const char *token, size_t n, struct http_identity *out, struct hone_err *err);
    /* 0 when requests can be served, else a negative code and why not: /readyz. NULL: always ready. */
    int (*ready)(void *arg, struct hone_err *err);
    /* Kept events of a job behind `after`, and whether the job rests or has ended: daemon_events_since(). NULL: there are none. The program calls the
     * server with every event (http_watcher()). */
    int (*events_since)(void *arg, const char *tenant, const char *job_id, int64_t after, int limit, api_watcher *each, void *to, int *ended,
                        struct hone_err *err);
    const char *sandbox;          /* JSON for /version: what workers give up; "null": not known */
    /* Appends metrics of its own in the text format of Prometheus, each name with HELP and TYPE; those of a tenant only of this one, NULL: of all.
     * NULL: none. */
    void (*metrics)(void *arg, const char *tenant, struct buf *b);
};

struct http_server;

/* Listens and serves from then on. `c` and `p` are borrowed until http_stop(). NULL with err: nothing listens. */
struct http_server *http_start(const struct http_config *c, const struct http_program *p, struct hone_err *err);
/* Where it listens: the i-th address as bound, NULL behind the last. Borrowed. */
const char *http_address(const struct http_server *s, int i);
/* Takes every event of every job, to be given to daemon_watch() with the server as arg. [any, with the daemon's locks] */
void http_watcher(void *server, const struct api_event *event);
/* /readyz answers 503 from now on, new connections are still taken: for whoever balances load. [any] */
void http_drain(struct http_server *s);
/* No new connections, event streams end, requests under way get `grace_ms` to end; then everything is closed and freed. Waits for every
 * call that was begun: the agents that are kept ready have to be there until then. NULL is fine. */
void http_stop(struct http_server *s, int grace_ms);

#endif
