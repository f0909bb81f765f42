/* What is no function: health, version, metrics, the description of the API. See request.h. */
#include <microhttpd.h>
#include <string.h>
#include <zlib.h>
#include "core/http/request.h"

static void data_head(struct http_request *r)
{
    buf_puts(&r->out, "{\"success\": true, \"data\": {");
}

static void data_end(struct http_request *r)
{
    buf_printf(&r->out, "}, \"trace_id\": \"%s\"}\n", r->trace_id);
}

static void readyz(struct http_request *r)
{
    const struct http_program *p = r->server->program;
    struct hone_err err = { 0 };
    int draining = atomic_load_explicit(&r->server->draining, memory_order_relaxed);
    int rc = draining ? hone_fail(&err, ERR_PRECONDITION, "the server is about to stop") : p->ready ? p->ready(p->arg, &err) : 0;
    if (rc < 0) {
        r->retry_after_s = 5;
        reply_refuse(r, 503, "SERVER_ERROR", draining ? err.text : err.code == ERR_FULL ? "the server's disk is full" : "the server is not ready");
        return;
    }
    data_head(r);
    buf_puts(&r->out, "\"status\": \"ready\"");
    data_end(r);
}

static void version(struct http_request *r)
{
    data_head(r);
    buf_printf(&r->out, "\"name\": \"hone\", \"version\": \"%s\", \"api_version\": \"2.0\", \"libraries\": {\"libmicrohttpd\": \"%s\", "
               "\"zlib\": \"%s\"}, \"sandbox\": %s", HONE_VERSION, MHD_get_version(), zlibVersion(),
               r->server->program->sandbox ? r->server->program->sandbox : "null");
    data_end(r);
}

/* Whoever runs the daemon: its own machine, or an admin of its own tenant. Nobody else learns of other tenants. */
static int operator_asks(const struct http_request *r)
{
    return r->who.scope == API_ADMIN && strcmp(r->who.tenant, "default") == 0;
}

void system_answer(struct http_request *r)
{
    r->status = 200;
    buf_clear(&r->out);
    switch (r->route.kind) {
    case ROUTE_HEALTHZ:
        data_head(r);
        buf_puts(&r->out, "\"status\": \"ok\"");
        data_end(r);
        break;
    case ROUTE_READYZ:
        readyz(r);
        break;
    case ROUTE_VERSION:
        version(r);
        break;
    case ROUTE_METRICS:
        r->media = "text/plain; version=0.0.4; charset=utf-8";
        metrics_write(r->server, operator_asks(r) ? NULL : r->who.tenant, &r->out);
        break;
    default:
        buf_add(&r->out, r->server->openapi.p, r->server->openapi.n);
        reply_etag(r, r->out.p, r->out.n);
        break;
    }
}
