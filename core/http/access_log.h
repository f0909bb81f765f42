/* The access log: a line of JSON a request. Lines are gathered in memory and written by a thread of their own, so that a slow disk slows
 * no request; when it falls too far behind, lines are dropped and counted. No secret gets in: neither headers, bodies nor queries do,
 * and what looks like a token in a path is blotted out. Called by server.c. */
#ifndef HTTP_ACCESS_LOG_H
#define HTTP_ACCESS_LOG_H
#include <pthread.h>
#include <stdint.h>
#include "core/base/buf.h"
#include "core/base/err.h"

struct access_log {
    int fd;                    /* -1: no log */
    int owned;                 /* fd is closed at the end */
    pthread_mutex_t lock;
    pthread_cond_t more;
    pthread_t thread;
    struct buf lines, writing;
    uint64_t dropped;
    int running, ending;
    int64_t second;            /* for `time`, which is printed once a second */
    char time[32];
};

struct access_entry {
    const char *trace_id, *method, *path, *handler, *peer, *token_id, *tenant, *agent, *code; /* NULL: left out */
    int status;
    int64_t duration_us, bytes_in, bytes_out;
};

/* `target`: "none", "-" (standard error) or a file, which is appended to (mode 0600). 0 or a negative code. */
int access_log_open(struct access_log *l, const char *target, struct hone_err *err);
/* Writes what is left. NULL-safe for a zeroed one. */
void access_log_close(struct access_log *l);
/* [any] */
void access_log_write(struct access_log *l, const struct access_entry *e);
/* Wakes the writer when lines wait. [any] */
void access_log_flush(struct access_log *l);
/* Copies text, with whatever looks like a token or a webhook secret replaced by stars. [any, pure] */
void log_redact(char *out, size_t size, const char *text);

#endif
