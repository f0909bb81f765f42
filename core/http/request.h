/* A request on its way through the server: what it is, how far it has come, and its answer. One object a connection, used again for the
 * next request. Private to core/http. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H
#include <microhttpd.h>
#include <pthread.h>
#include "core/base/buf.h"
#include "core/http/access_log.h"
#include "core/http/auth.h"
#include "core/http/calls.h"
#include "core/http/conns.h"
#include "core/http/events.h"
#include "core/http/headers.h"
#include "core/http/http.h"
#include "core/http/listen.h"
#include "core/http/metrics.h"

#define PATH_BYTES 512            /* of a decoded path; none of ours is longer */
#define CALLS_WAIT 16             /* so many calls for each thread may wait for their turn */

enum http_method { METHOD_GET, METHOD_HEAD, METHOD_POST, METHOD_PUT, METHOD_DELETE, METHOD_OPTIONS, METHOD_OTHER };

enum route_kind { ROUTE_NONE, ROUTE_FUNCTION, ROUTE_EVENTS, ROUTE_HEALTHZ, ROUTE_READYZ, ROUTE_VERSION, ROUTE_METRICS, ROUTE_OPENAPI, ROUTES };

struct route {
    enum route_kind kind;
    const struct api_function *function;
    char job_id[64];
};

enum stage { STAGE_HEADER, STAGE_BODY, STAGE_CALLING, STAGE_ANSWERED };

struct body_form;

struct http_request {
    struct http_server *server;
    struct http_conn *conn;
    struct MHD_Connection *mhd;
    enum stage stage;
    enum http_method method;
    struct http_headers headers;
    struct route route;
    struct http_identity who;
    struct auth_left left;        /* of the limits on requests */
    char path[PATH_BYTES];
    char trace_id[33];
    char peer[48];                /* behind a proxy: whom it says it speaks for */
    struct http_address address;  /* the same, for limits */
    struct buf query;
    struct buf body;
    struct body_form *form;       /* while a multipart body is read */
    int upload_fd;                /* a file that came along, nameless on the disk; -1: none */
    char upload_name[256];
    int64_t upload_bytes;
    int too_long;                 /* of the URL */
    int64_t started_us, bytes_in, swallowed;
    struct http_call call;        /* when it runs elsewhere */
    struct hone_err err;
    struct api_answer answer;
    cJSON *in;
    char body_sha256[65];

    struct buf out;               /* the answer's body, until the request is complete */
    int status, close, refused, no_body;   /* refused: `out` is filled, the function was not reached */
    int local;                    /* by the Unix socket, from the daemon's user or root */
    int retry_after_s, final_conflict;
    const char *code;             /* of a failure */
    const char *media;
    const char *allow;            /* 405 */
    char etag[40];
    int64_t bytes_out;
    struct watcher *watcher;
    struct telling *telling;      /* an answer that is told while it is written */
};

struct telling;
struct tellings {
    pthread_mutex_t lock;         /* before that of a telling */
    struct telling *first;
};

struct http_server {
    struct http_config config;
    const struct http_program *program;
    struct MHD_Daemon *mhd;
    struct conns conns;
    struct listener listener;
    char bound[LISTEN_MAX][64];
    struct auth auth;
    struct calls calls;
    struct events *events;
    struct access_log log;
    struct metrics metrics;
    struct tellings tellings;     /* answers that somebody hears while they are written */
    char *tls_cert, *tls_key;
    struct buf openapi;
    _Atomic int draining;         /* 1: about to stop; 2: calls of workers have to end */
    _Atomic int begun;            /* calls that will be told of (api_begin_function()) */
    _Atomic int64_t told;         /* when the library's last message was logged */
};

/* ---- request.c: what comes in ---- */

/* Reads header, path and identity. 0, or -1 with the refusal in the request (status, code, message). */
int request_open(struct http_request *r, const char *url, const char *method, const char *version);
/* Bytes of the body. 0, or -1 with the refusal. */
int request_body(struct http_request *r, const char *bytes, size_t n);
/* Makes it ready for the next one on its connection. */
void request_reset(struct http_request *r);
void request_free(struct http_request *r);

/* ---- body.c: the members of a request ---- */

/* Begins to read a body that is not JSON. 0, or -1 with the refusal. */
int body_begin(struct http_request *r);
int body_feed(struct http_request *r, const char *bytes, size_t n);
/* r->in from body and query. 0, or -1 with the refusal. */
int body_end(struct http_request *r);
void body_free(struct http_request *r);
/* A value that came as text, as the function's table says: a number, true, JSON. Never NULL but for memory. */
cJSON *body_value(const struct shape *members, const char *name, const char *text);

/* ---- route.c ---- */
enum http_method http_method_of(const char *method);
/* 0, or -1 with a sentence in err: no such path. */
int http_route_find(const char *path, struct route *out, struct hone_err *err);
/* The methods that a route takes: "GET, HEAD, OPTIONS". */
const char *http_route_allow(const struct route *route);
int http_route_takes(const struct route *route, enum http_method method);
const char *http_route_name(const struct route *route);

/* ---- answer.c: the request is whole ---- */

/* Answers or hands over to a thread that may wait. MHD_NO closes the connection. */
enum MHD_Result answer_begin(struct http_request *r);
/* The call is done. */
enum MHD_Result answer_call(struct http_request *r);

/* ---- reply.c: what goes out ---- */

/* A failure of the transport. Returns -1. */
int reply_refuse(struct http_request *r, int status, const char *code, const char *message);
/* Fills `out` with the document's envelope around the call's answer, or the error body. */
void reply_fill(struct http_request *r);
/* An entity tag for GET and HEAD: of these bytes. */
void reply_etag(struct http_request *r, const char *bytes, size_t n);
/* Sends `out` (with gzip, entity tag and all headers). */
enum MHD_Result reply_send(struct http_request *r);
/* Writes the refusal past the library, which takes no answer while a body comes, and says that nothing more will be written. 1; 0 when that cannot
 * be (TLS). */
int reply_raw(struct http_request *r);
void reply_headers(struct http_request *r, struct MHD_Response *response);

/* ---- system.c: what is no function ---- */
void system_answer(struct http_request *r);

/* ---- stream.c: events of a job ---- */
enum MHD_Result stream_begin(struct http_request *r);
/* Sends a stream of events that the response reads from its callback. Takes the response. */
enum MHD_Result stream_queue(struct http_request *r, struct MHD_Response *response);

/* ---- tell.c: an answer while it is written ---- */

/* Begins the call; the rest comes to tell_answer(), as a call's answer comes to answer_call(). */
enum MHD_Result tell_begin(struct http_request *r, struct api_call *call);
enum MHD_Result tell_answer(struct http_request *r);
/* The request is over: what is still being written is written for nobody. NULL is fine. */
void tell_leave(struct telling *t);
/* Shows those who wait, and the proxies before them, that somebody is here: a comment after each http.heartbeatMs of silence. [any] */
void tell_beat(struct http_server *s, int64_t now);

#endif
