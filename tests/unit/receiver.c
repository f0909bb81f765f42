/* See receiver.h. */
#include <CUnit/CUnit.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "tests/unit/receiver.h"

struct receiver receiver = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void *answer_one(void *arg)
{
    int fd = (int)(intptr_t)arg;
    char in[40000], out[1000];
    size_t n = 0;
    ssize_t k;
    char *end = NULL, *length;
    pthread_mutex_lock(&receiver.lock);
    receiver.busy++;
    receiver.most_busy = receiver.busy > receiver.most_busy ? receiver.busy : receiver.most_busy;
    pthread_mutex_unlock(&receiver.lock);
    while (n + 1 < sizeof in && (k = recv(fd, in + n, sizeof in - 1 - n, 0)) > 0) {
        n += (size_t)k;
        in[n] = '\0';
        end = strstr(in, "\r\n\r\n");
        length = strcasestr(in, "content-length:");
        if (end && length && n >= (size_t)(end + 4 - in) + strtoul(length + 15, NULL, 10))
            break;
    }
    usleep((useconds_t)receiver.hold_ms * 1000);
    pthread_mutex_lock(&receiver.lock);
    if (end) {
        snprintf(receiver.head, sizeof receiver.head, "%.*s", (int)(end + 2 - in), in);
        snprintf(receiver.body, sizeof receiver.body, "%s", end + 4);
    }
    int said = snprintf(out, sizeof out, "HTTP/1.1 %d x\r\n", receiver.status);
    if (receiver.retry_after_s)
        said += snprintf(out + said, sizeof out - (size_t)said, "Retry-After: %lld\r\n", (long long)receiver.retry_after_s);
    said += snprintf(out + said, sizeof out - (size_t)said, "Content-Length: %zu\r\nConnection: close\r\n\r\n%s", strlen(receiver.answer), receiver.answer);
    receiver.busy--;
    pthread_mutex_unlock(&receiver.lock);
    (void)!send(fd, out, (size_t)said, MSG_NOSIGNAL);
    close(fd);
    return NULL;
}

static void *receive(void *arg)
{
    (void)arg;
    while (!__atomic_load_n(&receiver.stop, __ATOMIC_ACQUIRE)) {
        struct pollfd p[2] = { { receiver.fd[0], POLLIN, 0 }, { receiver.fd[1], POLLIN, 0 } };
        poll(p, 2, 20);
        for (int i = 0; i < 2; i++) {
            pthread_t thread;
            int fd = p[i].revents & POLLIN ? accept4(receiver.fd[i], NULL, NULL, SOCK_CLOEXEC) : -1;
            if (fd < 0)
                continue;
            __atomic_add_fetch(&receiver.connects, 1, __ATOMIC_RELAXED);
            if (pthread_create(&thread, NULL, answer_one, (void *)(intptr_t)fd) == 0)
                pthread_detach(thread);
            else
                close(fd);
        }
    }
    return NULL;
}

void receiver_start(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    struct sockaddr_in6 b = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    socklen_t size = sizeof a;
    receiver.fd[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CU_ASSERT_EQUAL_FATAL(bind(receiver.fd[0], (struct sockaddr *)&a, sizeof a), 0);
    CU_ASSERT_EQUAL_FATAL(listen(receiver.fd[0], 128), 0);
    CU_ASSERT_EQUAL_FATAL(getsockname(receiver.fd[0], (struct sockaddr *)&a, &size), 0);
    receiver.port = ntohs(a.sin_port);
    b.sin6_port = a.sin_port;
    receiver.fd[1] = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receiver.fd[1] >= 0 && (bind(receiver.fd[1], (struct sockaddr *)&b, sizeof b) != 0 || listen(receiver.fd[1], 128) != 0)) {
        close(receiver.fd[1]);
        receiver.fd[1] = -1; /* a machine without IPv6 */
    }
    receiver.stop = receiver.connects = receiver.busy = receiver.most_busy = receiver.hold_ms = 0;
    receiver.retry_after_s = 0;
    receiver.status = 200;
    receiver.answer = "hi";
    CU_ASSERT_EQUAL_FATAL(pthread_create(&receiver.thread, NULL, receive, NULL), 0);
}

void receiver_stop(void)
{
    __atomic_store_n(&receiver.stop, 1, __ATOMIC_RELEASE);
    pthread_join(receiver.thread, NULL);
    for (int i = 0; i < 200 && __atomic_load_n(&receiver.busy, __ATOMIC_ACQUIRE); i++)
        usleep(10000);
    close(receiver.fd[0]);
    if (receiver.fd[1] >= 0)
        close(receiver.fd[1]);
}
