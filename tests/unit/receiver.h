/* A receiver of posts on loopback, by IPv4 and IPv6: a thread of the test's own that answers as it is told and counts who connects. */
#ifndef UNIT_RECEIVER_H
#define UNIT_RECEIVER_H
#include <pthread.h>

struct receiver {
    int fd[2], port, stop;               /* of IPv4 and IPv6 */
    int status, hold_ms;   /* what it says, and after how long */
    int64_t retry_after_s; /* 0: says nothing of that */
    const char *answer;    /* the body */
    int connects, busy, most_busy;
    char head[4096], body[32768];        /* of the last request */
    pthread_mutex_t lock;
    pthread_t thread;
};
extern struct receiver receiver;

/* Listens on a free port; says 200 and "hi" at once. */
void receiver_start(void);
void receiver_stop(void);

#endif
