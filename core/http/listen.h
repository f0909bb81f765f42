/* Accepting connections: one thread waits on all listening sockets, refuses what the table of connections refuses, hands the rest
 * on, and looks at deadlines four times a second. It is a thread of our own because libmicrohttpd's accepting spins when descriptors
 * run out (98% of a core and a line of log each time, measured with 0.9.75) and knows only limits on silence. */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H
#include "core/http/conns.h"

#define LISTEN_MAX 8
#define LISTEN_TICK_MS 250

struct listener {
    struct conns *conns;
    int fd[LISTEN_MAX];               /* borrowed; the owner closes them after listener_stop() */
    int n;
    int header_ms;                    /* for the first request's header */
    void *arg;
    /* Takes the socket, also when it fails (-1, and the socket is closed). [listener's thread] */
    int (*accepted)(void *arg, int fd, const struct sockaddr *from, socklen_t size);
    void (*tick)(void *arg, int64_t now);  /* every LISTEN_TICK_MS; may be NULL */
    /* private */
    pthread_t thread;
    int wake, spare, running;
    int64_t told, pause_until;
};

/* Opens a listening socket for "127.0.0.1:8080", "[::1]:0" or "unix:/path" (mode 0600; a leftover socket that nobody listens on is
 * replaced), or takes the one that is open already, "fd:3" (which whoever started the process has made). Port 0 lets the system choose. `bound` (64 bytes, may be NULL) gets the address as it is. `beyond` (may be NULL) is set
 * to 1 when other machines can reach it. The descriptor, or a negative code. */
int listen_open(const char *address, int backlog, char bound[64], int *beyond, struct hone_err *err);

/* Starts the thread; the fields above are filled. 0 or a negative code, and nothing runs. */
int listener_start(struct listener *l, struct hone_err *err);
/* Ends it; no socket is accepted any more. Does nothing when it does not run. */
void listener_stop(struct listener *l);

#endif
