/* Counts failed attempts to log in by address: after so many in a minute the address waits. Bounded memory: when the table is full,
 * the oldest entry makes room. Not the rate limit of requests. Called by auth.c. */
#ifndef HTTP_FAILURES_H
#define HTTP_FAILURES_H
#include <pthread.h>
#include "core/http/conns.h"

#define FAILURES_SLOTS 4096
#define FAILURES_WAYS 8
#define FAILURES_WINDOW_MS 60000

struct failures {
    pthread_mutex_t lock;
    int limit;                     /* in a window; 0: none */
    _Atomic int any;               /* addresses that failed lately: nothing to look up while it is 0 */
    struct failures_slot {
        struct http_address address;
        int64_t from;              /* of the window; 0: free */
        int n;
    } slot[FAILURES_SLOTS];
};

void failures_init(struct failures *f, int limit);
/* How many seconds the address has to wait; 0: none. [any] */
int failures_wait(struct failures *f, const struct http_address *a, int64_t now);
/* One more failure of that address. [any] */
void failures_note(struct failures *f, const struct http_address *a, int64_t now);

#endif
