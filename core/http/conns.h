/* The table of open connections: how many there are, overall and from one address, and until when each may go on doing what it
 * does. Deadlines are absolute, so that a client that sends a byte a second is cut like one that sends nothing. Not a socket layer:
 * listen.c accepts, libmicrohttpd reads and writes. */
#ifndef HTTP_CONNS_H
#define HTTP_CONNS_H
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>
#include "core/base/err.h"

/* An address as limits see it: IPv4 as it is, the /64 of an IPv6 one, zeros for a Unix socket (which no limit counts). */
struct http_address {
    uint8_t bytes[16];
};

struct http_request;
struct http_conn {
    int fd;
    int local;                        /* came by a Unix socket */
    uint32_t uid;                     /* of the peer, when local */
    struct http_address address;
    char peer[48];                    /* the address for people: "127.0.0.1", "unix" */
    _Atomic int64_t deadline;         /* conns_now() at which it is cut; 0: none */
    _Atomic int busy;                 /* between the first line of a request and the end of its answer */
    struct http_request *request;     /* of its worker thread; kept from request to request */
    int open;                         /* under the table's lock */
};

struct conns {
    pthread_mutex_t lock;
    struct http_conn *by_fd;          /* [size], indexed by descriptor */
    int size, highest, open;
    int limit, per_address;           /* 0: no limit */
    struct conns_count *counts;       /* open addressing, [buckets] */
    int buckets;
    _Atomic uint64_t refused, cut;    /* since the start */
};

/* Milliseconds of a monotonic clock, cheap, to about 4 ms. [any] */
int64_t conns_now(void);

/* `limit` connections overall (> 0), `per_address` from one address. Free with conns_close(). 0 or HONE_ENOMEM. */
int conns_open(struct conns *c, int limit, int per_address, struct hone_err *err);
/* Every connection must have been closed. */
void conns_close(struct conns *c);

/* Enters a socket that was just accepted. NULL when a limit refuses it, or its number is out of range; the caller closes it. [any] */
struct http_conn *conns_add(struct conns *c, int fd, const struct sockaddr *from, int64_t deadline);
/* The connection of a descriptor, or NULL. [any] */
struct http_conn *conns_get(struct conns *c, int fd);
/* Forgets a connection; its descriptor is still open, so that nobody else has the number. [any] */
void conns_remove(struct conns *c, struct http_conn *conn);
/* Shuts down the sockets whose deadline has passed; their worker threads then see them end. Returns how many. [any] */
int conns_cut(struct conns *c, int64_t now);
/* When it is closed, the kernel forgets what waits to be sent, instead of keeping it for a client that does not take it. [any] */
void conns_drop_unsent(struct http_conn *conn);
/* Has every connection end by `deadline`, and those without a request at `now`. [any] */
void conns_hurry(struct conns *c, int64_t now, int64_t deadline);

/* pure */
void http_address_of(const struct sockaddr *from, struct http_address *out);
uint32_t http_address_hash(const struct http_address *a);

#endif
