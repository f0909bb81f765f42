/* raw PORT [--slow MS] [--sip N] [--wait MS] [--for MS] [--count N]: sends standard input as it is to 127.0.0.1 and prints what comes back, for tests of what no
 * good client sends.
 *   --slow MS   one byte each MS milliseconds, while reading; with --count on each connection
 *   --sip N     reads at most N bytes each 100 milliseconds, and notes a reset at once
 *   --half 1    says that nothing more will be sent, and goes on reading
 *   --wait MS   ends when nothing came for so long (3000)
 *   --for MS    ends after so long in any case (30000)
 *   --count N   over N connections at once; what comes back is not printed, only counted
 * The last line on standard error: "closed after MS ms" or "open after MS ms"; with --count "N connected, N answered, N closed, N bytes". */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int dial(int port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Whether the other side has closed or reset it, whatever waits to be read. */
static int has_ended(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLRDHUP };
    return poll(&p, 1, 0) == 1 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

static int sip(int port, const char *request, size_t n, long bytes, long most)
{
    char back[65536];
    int fd = dial(port), small = 4096, ended = 0;
    long start = now_ms();
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small) != 0 || write(fd, request, n) != (ssize_t)n)
        return 1;
    while (!(ended = has_ended(fd)) && now_ms() - start < most) {
        usleep(100000);
        ssize_t got = recv(fd, back, (size_t)bytes < sizeof back ? (size_t)bytes : sizeof back, MSG_DONTWAIT);
        if (got > 0)
            fwrite(back, 1, (size_t)got, stdout);
    }
    fflush(stdout);
    fprintf(stderr, "%s after %ld ms\n", ended ? "closed" : "open", now_ms() - start);
    close(fd);
    return 0;
}

static int one(int port, const char *request, size_t n, long slow, long half, long wait, long most)
{
    char back[65536];
    int fd = dial(port), closed = 0;
    size_t sent = 0;
    long start = now_ms(), last = start, next = start;
    if (fd < 0) {
        fprintf(stderr, "cannot connect: %s\n", strerror(errno));
        return 1;
    }
    if (!slow)
        sent = write(fd, request, n) == (ssize_t)n ? n : 0;
    if (half)
        shutdown(fd, SHUT_WR);
    while (!closed && now_ms() - last < wait && now_ms() - start < most) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        if (slow && sent < n && now_ms() >= next) {
            if (send(fd, request + sent, 1, MSG_NOSIGNAL) == 1)
                sent++;
            next += slow;
            last = now_ms();
        }
        if (poll(&p, 1, slow && sent < n ? 5 : 50) <= 0)
            continue;
        ssize_t got = read(fd, back, sizeof back);
        closed = got <= 0;
        last = now_ms();
        if (got > 0)
            fwrite(back, 1, (size_t)got, stdout);
    }
    fflush(stdout);
    fprintf(stderr, "%s after %ld ms\n", closed ? "closed" : "open", now_ms() - start);
    close(fd);
    return 0;
}

/* The next byte on every connection that is still open. */
static void drip(const struct pollfd *p, long count, const char *byte)
{
    for (long i = 0; i < count; i++) {
        if (p[i].fd >= 0)
            (void)!send(p[i].fd, byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

static int many(int port, const char *request, size_t n, long count, long slow, long wait, long most)
{
    static char back[65536];
    struct pollfd *p = calloc((size_t)count, sizeof *p);
    char *answered = calloc((size_t)count, 1);
    long connected = 0, answers = 0, closed = 0, start = now_ms(), last = start, next = start + slow;
    size_t sent = slow ? 1 : n;
    long long bytes = 0;
    if (!p || !answered)
        return 1;
    for (long i = 0; i < count; i++) {
        p[i] = (struct pollfd){ .fd = dial(port), .events = POLLIN };
        connected += p[i].fd >= 0 && send(p[i].fd, request, sent, MSG_NOSIGNAL) == (ssize_t)sent;
    }
    while (now_ms() - last < wait && now_ms() - start < most && closed < count) {
        if (sent < n && now_ms() >= next) {
            drip(p, count, request + sent++);
            next += slow;
            last = now_ms();
        }
        if (poll(p, (nfds_t)count, 50) <= 0)
            continue;
        for (long i = 0; i < count; i++) {
            if (p[i].fd < 0 || !p[i].revents)
                continue;
            ssize_t got = read(p[i].fd, back, sizeof back);
            last = now_ms();
            if (got > 0) {
                bytes += got;
                answers += !answered[i];
                answered[i] = 1;
            } else {
                close(p[i].fd);
                p[i].fd = -1;
                closed++;
            }
        }
    }
    fprintf(stderr, "%ld connected, %ld answered, %ld closed, %lld bytes\n", connected, answers, closed, bytes);
    return 0;
}

int main(int argc, char **argv)
{
    static char request[1 << 22];
    long slow = 0, sips = 0, half = 0, wait = 3000, most = 30000, count = 0;
    struct rlimit files;
    if (argc < 2)
        return 2;
    for (int i = 2; i + 1 < argc; i += 2) {
        long v = strtol(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--slow") == 0)
            slow = v;
        else if (strcmp(argv[i], "--wait") == 0)
            wait = v;
        else if (strcmp(argv[i], "--sip") == 0)
            sips = v;
        else if (strcmp(argv[i], "--for") == 0)
            most = v;
        else if (strcmp(argv[i], "--count") == 0)
            count = v;
        else if (strcmp(argv[i], "--half") == 0)
            half = v;
        else
            return 2;
    }
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    signal(SIGPIPE, SIG_IGN);
    size_t n = fread(request, 1, sizeof request, stdin);
    int port = (int)strtol(argv[1], NULL, 10);
    if (sips)
        return sip(port, request, n, sips, most);
    return count ? many(port, request, n, count, slow, wait, most) : one(port, request, n, slow, half, wait, most);
}
