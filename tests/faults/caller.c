#include "tests/faults/caller.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/base/json.h"

#define ANSWER_MAX (64u << 20)
#define WAIT_S 30

void caller_close(struct caller *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

static int caller_open(struct caller *c)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)c->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct timeval wait = { .tv_sec = c->wait_s > 0 ? c->wait_s : WAIT_S };
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        return -1;
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to) == 0)
        return 0;
    caller_close(c);
    return -1;
}

static int send_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return -1;
        p += sent;
        n -= (size_t)sent;
    }
    return 0;
}

/* The number behind a header's name, -1 without it. */
static long header_number(const char *head, const char *name)
{
    for (const char *line = head; line; line = strstr(line, "\r\n")) {
        line += line == head ? 0 : 2;
        if (strncasecmp(line, name, strlen(name)) == 0)
            return strtol(line + strlen(name), NULL, 10);
    }
    return -1;
}

/* One answer with its body in b: its status, or -1. */
static int read_answer(struct caller *c, struct buf *b)
{
    for (;;) {
        const char *text = buf_str(b), *end = text ? strstr(text, "\r\n\r\n") : NULL;
        long length = end ? header_number(text, "Content-Length:") : -1;
        if (end && (length < 0 || (unsigned long)length > ANSWER_MAX))
            return -1;
        size_t head = end ? (size_t)(end - text) + 4 : 0;
        if (end && b->n >= head + (size_t)length) {
            int status = (int)strtol(text + strlen("HTTP/1.1 "), NULL, 10), closes = strcasestr(text, "\r\nConnection: close") != NULL;
            memmove(b->p, b->p + head, (size_t)length);
            b->n = (size_t)length;
            if (closes)
                caller_close(c);
            return status;
        }
        char *room = buf_room(b, 65536);
        ssize_t got = room ? recv(c->fd, room, 65536, 0) : -1;
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return -1;
        b->n += (size_t)got;
    }
}

static int exchange(struct caller *c, const struct buf *request, struct buf *answer)
{
    if (c->fd < 0 && caller_open(c) < 0)
        return -1;
    int status = send_all(c->fd, request->p, request->n) == 0 ? read_answer(c, answer) : -1;
    if (status < 0)
        caller_close(c);
    return status;
}

int caller_call_bytes(struct caller *c, const char *function, const char *key, const char *body, size_t n, cJSON **out)
{
    struct buf request = { 0 }, answer = { 0 };
    buf_printf(&request, "POST /api/v2/functions/%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %s\r\n"
               "Content-Type: application/json\r\nContent-Length: %zu\r\n", function, c->port, c->token, n);
    if (key)
        buf_printf(&request, "Idempotency-Key: %s\r\n", key);
    buf_puts(&request, "\r\n");
    buf_add(&request, body, n);
    int status = exchange(c, &request, &answer);
    *out = status > 0 ? json_parse(answer.p ? answer.p : "", answer.n, function, NULL) : NULL;
    buf_free(&request);
    buf_free(&answer);
    return status;
}

int caller_call(struct caller *c, const char *function, const char *key, const char *body, cJSON **out)
{
    return caller_call_bytes(c, function, key, body, strlen(body), out);
}

int caller_get(struct caller *c, const char *path)
{
    struct buf request = { 0 }, answer = { 0 };
    buf_printf(&request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n", path, c->port);
    int status = exchange(c, &request, &answer);
    buf_free(&request);
    buf_free(&answer);
    return status;
}

char *read_rows(const char *srcdir, int rows)
{
    char path[4200];
    struct buf in = { 0 }, out = { 0 };
    struct hone_err err = { 0 };
    snprintf(path, sizeof path, "%s/etc/example/support.jsonl", srcdir);
    if (file_read(path, (size_t)1 << 24, &in, &err) != 0) {
        fprintf(stderr, "%s\n", err.text);
        return NULL;
    }
    int n = 0;
    buf_putc(&out, '[');
    for (const char *p = buf_str(&in); *p && n < rows; n++) {
        size_t len = strcspn(p, "\n");
        buf_puts(&out, n ? "," : "");
        buf_add(&out, p, len);
        p += len + (p[len] == '\n');
    }
    buf_putc(&out, ']');
    buf_free(&in);
    return buf_take(&out);
}
