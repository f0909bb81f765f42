/* See listen.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "core/base/log.h"
#include "core/http/listen.h"

#define BURST 64                      /* sockets accepted in one go, so that ticks come through */
#define OUT_OF_FILES_MS 100
#define TELL_MS 10000                 /* between two lines about the same trouble */

/* ---- sockets ---- */

/* A socket file that nobody listens on stays behind when a daemon is killed. */
static int remove_leftover(const struct sockaddr_un *a, struct hone_err *err)
{
    struct stat st;
    if (lstat(a->sun_path, &st) != 0)
        return 0;
    if (!S_ISSOCK(st.st_mode))
        return hone_fail(err, ERR_CONFLICT, "%.100s exists and is no socket; remove it or choose another path", a->sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int answers = fd >= 0 && connect(fd, (const struct sockaddr *)a, sizeof *a) == 0;
    if (fd >= 0)
        close(fd);
    if (answers)
        return hone_fail(err, ERR_CONFLICT, "another process listens on %.100s", a->sun_path);
    return unlink(a->sun_path) == 0 ? 0 : err_errno(err, "remove the leftover socket", a->sun_path);
}

static int open_unix(const char *path, int backlog, struct hone_err *err)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    size_t n = strlen(path);
    if (n >= sizeof a.sun_path)
        return hone_fail(err, HONE_EINVAL, "unix:%.200s: the path of a socket has at most %zu bytes", path, sizeof a.sun_path - 1);
    memcpy(a.sun_path, path, n + 1);
    if (remove_leftover(&a, err) < 0)
        return err->code;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t mask = umask(0177);
    int bound = fd >= 0 && bind(fd, (const struct sockaddr *)&a, sizeof a) == 0;
    umask(mask);
    if (bound && listen(fd, backlog) == 0)
        return fd;
    err_errno(err, "listen on", path);
    if (fd >= 0)
        close(fd);
    return err->code;
}

/* Splits "HOST:PORT", "[V6]:PORT". 0 or HONE_EINVAL. */
static int split_address(const char *address, char host[256], char port[8], struct hone_err *err)
{
    const char *colon = strrchr(address, ':');
    const char *from = address, *to = colon;
    if (colon && address[0] == '[' && colon[-1] == ']') {
        from++;
        to--;
    }
    size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
    if (!colon || to <= from || to - from > 255 || !digits || digits > 5 || colon[1 + digits] || strtoul(colon + 1, NULL, 10) > 65535 ||
        (from == address && memchr(address, ':', (size_t)(colon - address))))
        return hone_fail(err, HONE_EINVAL, "'%.200s' is no address to listen on; expected HOST:PORT, [IPV6]:PORT, unix:PATH or fd:NUMBER", address);
    snprintf(host, 256, "%.*s", (int)(to - from), from);
    snprintf(port, 8, "%s", colon + 1);
    return 0;
}

static int is_beyond(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET)
        return (ntohl(((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr) >> 24) != 127;
    return !IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr);
}

static void say_bound(int fd, char bound[64], int *beyond)
{
    struct sockaddr_storage a;
    socklen_t size = sizeof a;
    char host[48], port[8];
    const struct sockaddr *at = (const struct sockaddr *)&a;
    if (getsockname(fd, (struct sockaddr *)&a, &size) != 0)
        return;
    if (beyond)
        *beyond = is_beyond(at);
    if (bound && getnameinfo(at, size, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        snprintf(bound, 64, a.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

/* "3": a socket that listens already. */
static int take_open(const char *digits, char bound[64], int *beyond, struct hone_err *err)
{
    char *end;
    long fd = strtol(digits, &end, 10);
    struct sockaddr_storage a;
    socklen_t size = sizeof a, n = sizeof (int);
    int listens = 0;
    if (end == digits || *end || fd < 3 || fd > INT_MAX || getsockopt((int)fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &n) != 0 || !listens ||
        getsockname((int)fd, (struct sockaddr *)&a, &size) != 0)
        return hone_fail(err, HONE_EINVAL, "fd:%.20s is no descriptor of a listening stream socket", digits);
    int flags = fcntl((int)fd, F_GETFL);
    if (flags < 0 || fcntl((int)fd, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl((int)fd, F_SETFD, FD_CLOEXEC) != 0)
        return err_errno(err, "set the flags of", "an open socket");
    if (a.ss_family == AF_UNIX && bound)
        snprintf(bound, 64, "fd:%.20s", digits);
    else if (a.ss_family != AF_UNIX)
        say_bound((int)fd, bound, beyond);
    return (int)fd;
}

int listen_open(const char *address, int backlog, char bound[64], int *beyond, struct hone_err *err)
{
    char host[256], port[8];
    struct addrinfo *all = NULL, hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
    int fd = -1, on = 1;
    if (beyond)
        *beyond = 0;
    if (strncmp(address, "unix:", 5) == 0) {
        if (bound)
            snprintf(bound, 64, "%.63s", address);
        return open_unix(address + 5, backlog, err);
    }
    if (strncmp(address, "fd:", 3) == 0)
        return take_open(address + 3, bound, beyond, err);
    if (split_address(address, host, port, err) < 0)
        return err->code;
    int rc = getaddrinfo(host, port, &hints, &all);
    if (rc != 0)
        return hone_fail(err, HONE_EINVAL, "%.200s: no such address: %s", address, gai_strerror(rc));
    fd = socket(all->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int good = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
               bind(fd, all->ai_addr, all->ai_addrlen) == 0 && listen(fd, backlog) == 0;
    if (!good)
        err_errno(err, "listen", address);
    freeaddrinfo(all);
    if (!good && fd >= 0)
        close(fd);
    if (!good)
        return err->code;
    say_bound(fd, bound, beyond);
    return fd;
}

/* ---- the thread ---- */

static void tell(struct listener *l, int64_t now, const char *what, const char *why)
{
    if (l->told && now < l->told + TELL_MS)
        return;
    l->told = now;
    log_line(LOG_WARN, "%s: %s", what, why);
}

/* Out of descriptors, the queue would stay full and the wait return at once, for ever: the spare descriptor is given up to take
 * one caller off the queue and turn it away, and then the queue rests for a while. */
static void out_of_files(struct listener *l, int listening, int64_t now)
{
    const char *why = strerror(errno);
    if (l->spare >= 0)
        close(l->spare);
    int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        close(fd);
    l->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    l->pause_until = now + OUT_OF_FILES_MS;
    tell(l, now, "connections are turned away", why);
}

static void take(struct listener *l, int fd, const struct sockaddr *from, socklen_t size, int64_t now)
{
    struct http_conn *conn = conns_add(l->conns, fd, from, now + l->header_ms);
    if (!conn) {
        close(fd);
        tell(l, now, "connections are turned away", "their number is at the limit, overall or from one address");
        return;
    }
    struct ucred peer = { 0 };
    socklen_t n = sizeof peer;
    conn->uid = conn->local && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 ? peer.uid : (uint32_t)-1;
    if (l->accepted(l->arg, fd, from, size) < 0)
        conns_remove(l->conns, conn);
}

static void accept_some(struct listener *l, int listening, int64_t now)
{
    for (int i = 0; i < BURST; i++) {
        struct sockaddr_storage from = { 0 };
        socklen_t size = sizeof from;
        int fd = accept4(listening, (struct sockaddr *)&from, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            take(l, fd, (struct sockaddr *)&from, size, now);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            out_of_files(l, listening, now);
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

static void *serve(void *arg)
{
    struct listener *l = arg;
    struct pollfd p[LISTEN_MAX + 1];
    for (int i = 0; i < l->n; i++)
        p[i] = (struct pollfd){ .fd = l->fd[i], .events = POLLIN };
    p[l->n] = (struct pollfd){ .fd = l->wake, .events = POLLIN };
    int64_t next = conns_now();
    for (;;) {
        int64_t now = conns_now();
        int resting = now < l->pause_until;
        int wait = (int)(next > now ? next - now : 0);
        if (resting && wait > OUT_OF_FILES_MS)
            wait = OUT_OF_FILES_MS;
        /* While resting, only the wake-up is waited for. */
        if (poll(resting ? p + l->n : p, resting ? 1 : (nfds_t)l->n + 1, wait) < 0 && errno != EINTR)
            tell(l, now, "waiting for connections failed", strerror(errno));
        if (p[l->n].revents)
            return NULL;
        now = conns_now();
        for (int i = 0; i < l->n && !resting; i++) {
            if (p[i].revents)
                accept_some(l, p[i].fd, now);
        }
        if (now < next)
            continue;
        next = now + LISTEN_TICK_MS;
        conns_cut(l->conns, now);
        if (l->tick)
            l->tick(l->arg, now);
    }
}

int listener_start(struct listener *l, struct hone_err *err)
{
    l->told = l->pause_until = 0;
    l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->wake < 0)
        return err_errno(err, "open", "an event descriptor");
    l->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int rc = pthread_create(&l->thread, NULL, serve, l);
    if (rc == 0) {
        l->running = 1;
        return 0;
    }
    close(l->wake);
    if (l->spare >= 0)
        close(l->spare);
    return hone_fail(err, HONE_EIO, "the thread that accepts connections cannot be started: %s", strerror(rc));
}

void listener_stop(struct listener *l)
{
    uint64_t one = 1;
    if (!l->running)
        return;
    while (write(l->wake, &one, sizeof one) < 0 && errno == EINTR)
        ;
    pthread_join(l->thread, NULL);
    close(l->wake);
    if (l->spare >= 0)
        close(l->spare);
    l->running = 0;
}
