/* Many watchers of one job's events: opens so many connections, asks for the stream on each, waits until each has its first bytes, then
 * holds them until it is ended. Started by daemon.sh.
 * Use: watchers PORT TOKEN JOB COUNT */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS 30000

static int watch(int port, const char *token, const char *job)
{
    char request[1024];
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int n = snprintf(request, sizeof request, "GET /api/v2/jobs/%s/events HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %s\r\n"
                     "Accept: text/event-stream\r\n\r\n", job, port, token);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0 && send(fd, request, (size_t)n, MSG_NOSIGNAL) == n)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

int main(int argc, char **argv)
{
    struct rlimit files;
    int count = argc == 5 ? (int)strtol(argv[4], NULL, 10) : 0, good = 0;
    if (count < 1)
        return 64;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    struct pollfd *p = calloc((size_t)count, sizeof *p);
    for (int i = 0; p && i < count; i++)
        p[i] = (struct pollfd){ .fd = watch((int)strtol(argv[1], NULL, 10), argv[2], argv[3]), .events = POLLIN };
    for (int i = 0; p && i < count; i++) {
        char head[64] = "";
        if (p[i].fd >= 0 && poll(&p[i], 1, WAIT_MS) == 1 && recv(p[i].fd, head, sizeof head - 1, MSG_PEEK) > 0)
            good += strncmp(head, "HTTP/1.1 200", 12) == 0;
    }
    printf("%d of %d watchers are connected\n", good, count);
    fflush(stdout);
    if (good == count)
        pause();
    return 1;
}
