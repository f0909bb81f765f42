/* Threads for calls that may wait: for the disk, for a worker, for another call. The threads of the connections wait for nothing. Calls
 * that run a worker (long ones) have a share of the threads, so that the others always find one. Called by answer.c. */
#ifndef HTTP_CALLS_H
#define HTTP_CALLS_H
#include <pthread.h>
#include "core/base/err.h"

struct http_call {
    void (*run)(void *arg);       /* in a thread of the pool */
    void *arg;
    int is_long;
    struct http_call *next;       /* private */
};

struct calls {
    pthread_mutex_t lock;
    pthread_cond_t more;
    pthread_t *thread;
    int n, most, idle, most_long; /* threads; they are started as they are needed */
    int running_long, waiting, most_waiting;
    struct calls_queue {
        struct http_call *first, **last;
    } quick, slow;
    int ending;
};

/* 0 or a negative code. */
int calls_open(struct calls *c, int threads, int long_calls, int waiting, struct hone_err *err);
/* Runs what waits, then ends. */
void calls_close(struct calls *c);
/* Borrows call until it has run. ERR_QUOTA when too many wait. [any] */
int calls_add(struct calls *c, struct http_call *call);

#endif
