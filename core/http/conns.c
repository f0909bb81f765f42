/* See conns.h. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include "core/http/conns.h"

#define MAX_SIZE (1 << 20)

struct conns_count {
    struct http_address address;
    int n;                            /* connections; 0: free */
};

int64_t conns_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void http_address_of(const struct sockaddr *from, struct http_address *out)
{
    memset(out, 0, sizeof *out);
    if (from->sa_family == AF_INET) {
        out->bytes[10] = out->bytes[11] = 0xff;
        memcpy(out->bytes + 12, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
    } else if (from->sa_family == AF_INET6) {
        const struct in6_addr *a = &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr;
        memcpy(out->bytes, a, IN6_IS_ADDR_V4MAPPED(a) ? 16 : 8);
    }
}

uint32_t http_address_hash(const struct http_address *a)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < sizeof a->bytes; i++)
        h = (h ^ a->bytes[i]) * 16777619u;
    return h ^ h >> 15;
}

static void name_peer(struct http_conn *conn, const struct sockaddr *from)
{
    const void *at = from->sa_family == AF_INET ? (const void *)&((const struct sockaddr_in *)(const void *)from)->sin_addr
                                                : &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr;
    if (conn->local || !inet_ntop(from->sa_family, at, conn->peer, sizeof conn->peer))
        snprintf(conn->peer, sizeof conn->peer, "unix");
}

int conns_open(struct conns *c, int limit, int per_address, struct hone_err *err)
{
    struct rlimit files = { 0 };
    getrlimit(RLIMIT_NOFILE, &files);
    *c = (struct conns){ .lock = PTHREAD_MUTEX_INITIALIZER, .limit = limit, .per_address = per_address, .highest = -1 };
    c->size = files.rlim_cur < MAX_SIZE ? (int)files.rlim_cur : MAX_SIZE;
    for (c->buckets = 64; c->buckets < 2 * limit; c->buckets *= 2)
        ;
    c->by_fd = calloc((size_t)c->size, sizeof *c->by_fd);
    c->counts = calloc((size_t)c->buckets, sizeof *c->counts);
    if (c->by_fd && c->counts)
        return 0;
    conns_close(c);
    return hone_fail(err, HONE_ENOMEM, "memory ran out for a table of %d connections", limit);
}

void conns_close(struct conns *c)
{
    free(c->by_fd);
    free(c->counts);
    c->by_fd = NULL;
    c->counts = NULL;
}

/* The bucket of an address, or the free one where it belongs: the table is never more than half full. */
static struct conns_count *count_of(struct conns *c, const struct http_address *a)
{
    uint32_t mask = (uint32_t)c->buckets - 1, i = http_address_hash(a) & mask;
    while (c->counts[i].n && memcmp(&c->counts[i].address, a, sizeof *a) != 0)
        i = (i + 1) & mask;
    return &c->counts[i];
}

/* Takes one off; an emptied bucket is filled from behind, so that no search stops too early. */
static void count_down(struct conns *c, const struct http_address *a)
{
    struct conns_count *at = count_of(c, a);
    if (!at->n || --at->n)
        return;
    uint32_t mask = (uint32_t)c->buckets - 1, hole = (uint32_t)(at - c->counts);
    for (uint32_t i = (hole + 1) & mask; c->counts[i].n; i = (i + 1) & mask) {
        uint32_t home = http_address_hash(&c->counts[i].address) & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            c->counts[hole] = c->counts[i];
            c->counts[i].n = 0;
            hole = i;
        }
    }
}

static void forget(struct conns *c, struct http_conn *conn)
{
    if (!conn->local)
        count_down(c, &conn->address);
    conn->open = 0;
    c->open--;
}

struct http_conn *conns_add(struct conns *c, int fd, const struct sockaddr *from, int64_t deadline)
{
    struct http_conn *conn = NULL;
    struct http_address address;
    int local = from->sa_family == AF_UNIX;
    http_address_of(from, &address);
    pthread_mutex_lock(&c->lock);
    if (fd >= 0 && fd < c->size && c->by_fd[fd].open)
        forget(c, &c->by_fd[fd]); /* it was closed without a word: the library ran out of memory for it */
    struct conns_count *count = local ? NULL : count_of(c, &address);
    if (fd >= 0 && fd < c->size && c->open < c->limit && (!count || !c->per_address || count->n < c->per_address)) {
        conn = &c->by_fd[fd];
        struct http_request *kept = conn->request;
        memset(conn, 0, sizeof *conn);
        conn->request = kept;
        conn->fd = fd;
        conn->local = local;
        conn->address = address;
        conn->open = 1;
        name_peer(conn, from);
        atomic_store_explicit(&conn->deadline, deadline, memory_order_relaxed);
        if (count) {
            count->address = address;
            count->n++;
        }
        c->open++;
        if (fd > c->highest)
            c->highest = fd;
    }
    pthread_mutex_unlock(&c->lock);
    if (!conn)
        atomic_fetch_add_explicit(&c->refused, 1, memory_order_relaxed);
    return conn;
}

struct http_conn *conns_get(struct conns *c, int fd)
{
    return fd >= 0 && fd < c->size ? &c->by_fd[fd] : NULL;
}

void conns_remove(struct conns *c, struct http_conn *conn)
{
    pthread_mutex_lock(&c->lock);
    if (conn->open)
        forget(c, conn);
    pthread_mutex_unlock(&c->lock);
}

void conns_drop_unsent(struct http_conn *conn)
{
    setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
}

int conns_cut(struct conns *c, int64_t now)
{
    int n = 0;
    pthread_mutex_lock(&c->lock);
    for (int i = 0; i <= c->highest; i++) {
        struct http_conn *conn = &c->by_fd[i];
        int64_t deadline = conn->open ? atomic_load_explicit(&conn->deadline, memory_order_relaxed) : 0;
        if (!deadline || now < deadline)
            continue;
        if (atomic_load_explicit(&conn->busy, memory_order_relaxed))
            conns_drop_unsent(conn);
        shutdown(conn->fd, SHUT_RDWR);
        n++;
        /* Once is enough, unless a request begins in this moment, which sets another deadline. */
        atomic_compare_exchange_strong_explicit(&conn->deadline, &deadline, 0, memory_order_relaxed, memory_order_relaxed);
    }
    while (c->highest >= 0 && !c->by_fd[c->highest].open)
        c->highest--;
    pthread_mutex_unlock(&c->lock);
    atomic_fetch_add_explicit(&c->cut, (uint64_t)n, memory_order_relaxed);
    return n;
}

void conns_hurry(struct conns *c, int64_t now, int64_t deadline)
{
    pthread_mutex_lock(&c->lock);
    for (int i = 0; i <= c->highest; i++) {
        struct http_conn *conn = &c->by_fd[i];
        int64_t last = atomic_load_explicit(&conn->busy, memory_order_relaxed) ? deadline : now;
        int64_t set = conn->open ? atomic_load_explicit(&conn->deadline, memory_order_relaxed) : 1;
        if (!set || set > last)
            atomic_store_explicit(&conn->deadline, last, memory_order_relaxed);
    }
    pthread_mutex_unlock(&c->lock);
}
