/* What `hone serve` needs to offer a daemon over HTTP: its settings as the server's limits, and the daemon as the server's program. Called by serve.c. */
#ifndef CLI_SERVE_HTTP_H
#define CLI_SERVE_HTTP_H
#include "core/api/daemon.h"
#include "core/api/settings.h"
#include "core/http/http.h"

struct serve_http {
    struct http_config config;
    struct http_program program;
    struct http_server *server;
    struct daemon *daemon;
    int watching, watch;
    char *cert, *key, *log;       /* owned */
    char *sandbox;                /* owned: what workers give up, as JSON; NULL: not known */
};

/* What the settings say, in h->config: the caller may change it. h->config borrows from h and from s. 0 or HONE_EINVAL. */
int serve_http_settings(struct serve_http *h, const struct settings *s, struct hone_err *err);
/* Serves the daemon from then on. 0 or a negative code, and nothing listens. */
int serve_http_start(struct serve_http *h, struct daemon *d, struct hone_err *err);
/* Takes no more requests; those under way get `grace_ms`. Before daemon_close(). Fine for a zeroed one. */
void serve_http_close(struct serve_http *h, int grace_ms);

#endif
