/* The functions of the Training API as one table, and the one entry to them. The command line, the Unix socket and HTTP all come
 * through api_call_function(); from the table also come routing, the check of requests, /openapi.json, docs/api.md and the tests
 * that walk over all functions. No transport here: a function is JSON in, JSON out.
 *
 * Threads: api_call_function() may be called from any thread, for one `struct api` by several at once when the api is a daemon's
 * (api->daemon); a command line's api belongs to one thread. The table is constant. [any] */
#ifndef API_FUNCTION_H
#define API_FUNCTION_H
#include "core/api/api.h"
#include "core/api/shape.h"

/* What a token allows; each includes those before it. */
enum api_scope { API_READ, API_TRAIN, API_ADMIN };

#define API_CREATES 1u    /* a success is 201 */
#define API_CHANGES 2u    /* writes: never by GET, may carry an idempotency key */
#define API_LONG 4u       /* runs a worker and takes seconds: the caller's thread waits for it */
#define API_STREAM 8u     /* may write to api_call.fd what is too long for an answer */
#define API_UPLOAD 16u    /* takes a file: api_call.upload_fd */
#define API_SECRET 32u    /* its answer is shown once and stored nowhere, so that an idempotency key means nothing to it */

struct api_answer;

/* Takes how a call ended: rc and err as api_call_function() has them. `answer` is lent for the time of the call; who keeps something
 * of it takes it out. Called once, on any thread, which others need: it must not wait. */
typedef void api_done(void *arg, int rc, struct api_answer *answer, const struct hone_err *err);

struct api_function {
    const char *name;          /* "startTrainingJob" */
    const char *brief;         /* one sentence */
    enum api_scope scope;
    unsigned flags;
    const struct shape *in;    /* members of a request */
    const struct shape *out;   /* members of `data`; NULL: not described */
    /* `in` has passed the check. Returns data, or NULL with err (and a->details for single faults). The api is the call's own copy:
     * a->call and a->answer are set. */
    cJSON *(*run)(struct api *a, const cJSON *in, struct hone_err *err);
    /* NULL, or the same in a daemon (api->serving) without a thread that waits: returns 0 at once, and `done` is told later, from another thread
     * (perhaps before this returns); or fails and never tells. What of `in` and a->call is needed later it copies. */
    int (*begin)(struct api *a, const cJSON *in, api_done *done, void *arg, struct hone_err *err);
};
extern const struct api_function api_functions[]; /* ends with a NULL name */
/* By name, NULL without one; *near (may be NULL) then gets the name that was perhaps meant, or NULL. */
const struct api_function *api_function_find(const char *name, const char **near);
const char *api_scope_name(enum api_scope scope);
/* "read", "train", "admin"; -1 for anything else. */
int api_scope_by_name(const char *name);

/* What a caller brings. Everything is borrowed for the time of the call. */
struct api_call {
    const char *function;
    cJSON *in;                 /* an object; the check may rename members of it. NULL is {} */
    const char *tenant;        /* whose objects are seen; NULL: "default" */
    const char *token_id;      /* for logs and quotas; NULL on the command line */
    enum api_scope scope;      /* what the caller may */
    int local;                 /* 1: the command line of this machine, as itself or through the socket */
    const char *trace_id;      /* NULL: none, and the log lines have none */
    const char *idempotency_key;   /* NULL: none */
    const char *body_sha256;   /* of the request as it came, to tell two uses of a key apart; NULL: of `in` */
    const struct api_hooks *hooks; /* told of progress and asked for wishes by API_LONG functions; NULL: nobody */
    const char *job_id;        /* the id that a job gets which is made by the call, "job_..."; NULL: a new one. From within the program only */
    /* NULL, or what is to be written down with what the function changes, in the same transaction: told the data of its answer. A function that
     * calls it says so in book_also()'s callers; others leave it to who calls them. */
    int (*also)(void *arg, struct store *s, const cJSON *data, struct hone_err *err);
    void *also_arg;
    int fd;                    /* where API_STREAM functions write; 0: standard output */
    int upload_fd;             /* a file that came along, of any length, to be read with pread() from 0 on; 0 or -1: none. Only for API_UPLOAD */
    const char *upload_name;   /* as its sender calls it: for people and its suffix, never a path */
};

/* A text that several answers share and that does not change. */
struct api_text {
    size_t n;
    int refs;                  /* atomic; api_text_keep(), api_text_free() */
    char bytes[];              /* NUL behind them */
};
struct api_text *api_text_new(const char *bytes, size_t n); /* with one reference; NULL when memory ran out */
struct api_text *api_text_keep(struct api_text *t);
void api_text_free(struct api_text *t);

/* What comes back. */
struct api_answer {
    int status;                /* 200, 201, or that of the error code */
    cJSON *data;               /* of a success, unless `text` has it. Owned */
    struct api_text *text;     /* the same, rendered. Owned */
    const char *code;          /* of a failure: one of the document's seven words */
    cJSON *details;            /* of a failure: [{path, message, fix, line, column}], or NULL. Owned */
    int retryable;             /* the same call may succeed later */
    int retry_after_s;         /* 0: not said */
    const char *quota;         /* of a failure with 429: the quota that is used up, such as "jobs_per_day"; NULL: none. Static */
    int64_t quota_limit;       /* how much of it there is */
    int quota_window_s;        /* for how long; 0: for ever */
    int replayed;              /* the stored answer of an earlier call with the same key */
};
void api_answer_free(struct api_answer *answer); /* leaves it zeroed; NULL is fine */

/* Looks the function up, checks scope and request, runs it. Returns 0 with answer->data or ->text; else a negative code, with err
 * saying why in one sentence and the answer's code, status and details filled. The answer is freed by the caller in both cases.
 * What a failure left in the books is what the function's own contract says: nothing, unless it says so. */
int api_call_function(struct api *a, const struct api_call *call, struct api_answer *answer, struct hone_err *err);

/* The same for who must not wait: a function that has `begin` is begun, and `done` told when it has ended; any other one is run as
 * by api_call_function() and `done` told before this returns (so who must not wait calls this for functions with `begin` alone). */
void api_begin_function(struct api *a, const struct api_call *call, api_done *done, void *arg);
/* Makes an answer of a failure: code, status, whether it may be tried again; `details` (may be NULL) is taken. */
void api_answer_fail(struct api_answer *answer, int rc, cJSON *details);

/* The document's word and HTTP's status for an error code of core/base/err.h; this is the only place that maps them. */
int api_status(int code);

#endif
