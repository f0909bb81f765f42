/* What Prometheus scrapes about the transport: requests by handler, method and status with a histogram of their time; connections,
 * streams, refusals; the process. Other parts of the program add theirs through http_program.metrics. Counters are added to without a
 * lock. Called by server.c and system.c. */
#ifndef HTTP_METRICS_H
#define HTTP_METRICS_H
#include <stdatomic.h>
#include <stdint.h>
#include "core/base/buf.h"

#define METRICS_HANDLERS 128       /* a power of two */
#define METRICS_BUCKETS 14
#define METRICS_CODES 20

struct http_server;
struct metrics {
    struct metrics_handler {
        const char *_Atomic name;      /* static; NULL: free */
        _Atomic uint64_t code[METRICS_CODES];
        _Atomic uint64_t bucket[METRICS_BUCKETS + 1];
        _Atomic uint64_t sum_us;
    } handler[METRICS_HANDLERS];
    _Atomic uint64_t bytes_in, bytes_out;
};

/* [any] */
void metrics_note(struct metrics *m, const char *handler, int status, int64_t duration_us, int64_t bytes_in, int64_t bytes_out);
/* The text format 0.0.4, with what concerns a tenant only of this one; NULL: of all. [any] */
void metrics_write(struct http_server *s, const char *tenant, struct buf *b);

#endif
