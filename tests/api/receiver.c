/* receiver LOG: a receiver of webhooks that behaves as the path says. It prints its port, appends a line to LOG for each connection and for
 * each request ("request PATH webhook-id webhook-timestamp webhook-signature BODY", tabs between), and serves until it is killed.
 * A path that ends with /chat/completions is answered as such an endpoint does, and the header Authorization stands in the signature's place;
 * in front of it /bad says something else, /refused 401, /busy/N 503 N times.
 *   /ok /status/N[/SECONDS] (with Retry-After) /flaky/N (500 N times, then 200) /redirect /hang /close /huge /headers /drip */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST 65536

static FILE *out;
static int port;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* How often this path was asked for before. */
static int times(const char *path)
{
    static struct {
        char path[128];
        int n;
    } seen[64];
    pthread_mutex_lock(&lock);
    int i = 0;
    while (i < 63 && seen[i].path[0] && strcmp(seen[i].path, path) != 0)
        i++;
    snprintf(seen[i].path, sizeof seen[i].path, "%s", path);
    int n = seen[i].n++;
    pthread_mutex_unlock(&lock);
    return n;
}

static const char *field(const char *head, const char *name, char value[256])
{
    size_t n = strlen(name);
    value[0] = '\0';
    for (const char *line = strstr(head, "\r\n"); line && line[2] != '\r'; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, n) == 0 && line[2 + n] == ':')
            snprintf(value, 256, "%.*s", (int)strcspn(line + 3 + n, "\r") - 1, line + 4 + n);
    }
    return value;
}

static void send_all(int fd, const char *text)
{
    size_t n = strlen(text);
    for (ssize_t k; n > 0 && (k = send(fd, text, n, MSG_NOSIGNAL)) > 0; text += k, n -= (size_t)k)
        ;
}

static void reply(int fd, int status, const char *more)
{
    char text[512];
    snprintf(text, sizeof text, "HTTP/1.1 %d Said\r\n%sContent-Length: 7\r\nConnection: close\r\n\r\nthanks\n", status, more);
    send_all(fd, text);
}

static void endless(int fd, const char *piece, unsigned wait)
{
    while (send(fd, piece, strlen(piece), MSG_NOSIGNAL) > 0)
        sleep(wait);
}

/* New inputs with what models put around them, a copy of an example, and one that a number of requests makes its own. */
static void complete(int fd, const char *path)
{
    char body[1024], text[1400];
    int busy = 0, n = times(path);
    if (sscanf(path, "/busy/%d", &busy) == 1 && n < busy) {
        reply(fd, 503, "Retry-After: 0\r\n");
        return;
    }
    snprintf(body, sizeof body, "{\"choices\": [{\"message\": {\"role\": \"assistant\", \"content\": \"1. where has my parcel got to\\n- \\\"the parcel "
             "has not come %d\\\"\\n\\nwhere is my parcel\\nmy parcel number %d is lost\\n\"}}]}", n, n);
    if (strncmp(path, "/bad", 4) == 0)
        snprintf(body, sizeof body, "{\"choices\": []}");
    if (strncmp(path, "/refused", 8) == 0)
        snprintf(body, sizeof body, "{\"error\": {\"message\": \"no such key\"}}");
    snprintf(text, sizeof text, "HTTP/1.1 %d Said\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
             strncmp(path, "/refused", 8) == 0 ? 401 : 200, strlen(body), body);
    send_all(fd, text);
}

static void behave(int fd, const char *path)
{
    char text[160];
    int status = 0, seconds = 0, flaky = 0;
    if (strstr(path, "/chat/completions") && strncmp(path, "/hang", 5) != 0) {
        complete(fd, path);
    } else if (strncmp(path, "/hang/", 6) == 0) {
        sleep(3600);
    } else if (sscanf(path, "/status/%d/%d", &status, &seconds) >= 1) {
        text[0] = '\0';
        if (seconds)
            snprintf(text, sizeof text, "Retry-After: %d\r\n", seconds);
        reply(fd, status, text);
    } else if (sscanf(path, "/flaky/%d", &flaky) == 1) {
        reply(fd, times(path) < flaky ? 500 : 200, "");
    } else if (strcmp(path, "/redirect") == 0) {
        snprintf(text, sizeof text, "Location: http://127.0.0.1:%d/redirected\r\n", port);
        reply(fd, 301, text);
    } else if (strcmp(path, "/hang") == 0) {
        sleep(3600);
    } else if (strcmp(path, "/huge") == 0) {
        send_all(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        endless(fd, "0123456789012345678901234567890123456789012345678901234567890123456789\n", 0);
    } else if (strcmp(path, "/headers") == 0) {
        send_all(fd, "HTTP/1.1 200 OK\r\n");
        endless(fd, "x-filler: 0123456789012345678901234567890123456789\r\n", 0);
    } else if (strcmp(path, "/drip") == 0) {
        for (const char *c = "HTTP/1.1 200 OK\r\nx: 0123456789"; *c && send(fd, c, 1, MSG_NOSIGNAL) == 1; c++)
            usleep(200000);
    } else if (strcmp(path, "/close") != 0) {
        reply(fd, 200, "");
    }
}

static void *serve(void *arg)
{
    int fd = (int)(intptr_t)arg;
    char *in = calloc(1, REQUEST + 1), path[128] = "", id[256], at[256], signature[256], length[256];
    size_t n = 0;
    ssize_t k;
    char *end = NULL;
    while (in && n < REQUEST && (k = recv(fd, in + n, REQUEST - n, 0)) > 0) {
        n += (size_t)k;
        if (!end && (end = strstr(in, "\r\n\r\n")))
            end += 4;
        if (end && n - (size_t)(end - in) >= strtoul(field(in, "content-length", length), NULL, 10))
            break;
    }
    if (end && sscanf(in, "%*s %127s", path) == 1) {
        pthread_mutex_lock(&lock);
        fprintf(out, "request\t%s\t%s\t%s\t%s\t%s\n", path, field(in, "webhook-id", id), field(in, "webhook-timestamp", at),
                field(in, strstr(path, "/chat/completions") ? "authorization" : "webhook-signature", signature), end);
        fflush(out);
        pthread_mutex_unlock(&lock);
        behave(fd, path);
    }
    free(in);
    close(fd);
    return NULL;
}

int main(int argc, char **argv)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t size = sizeof a;
    int at = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (argc != 2 || !(out = fopen(argv[1], "a")) || at < 0 || bind(at, (struct sockaddr *)&a, sizeof a) != 0 || listen(at, 64) != 0 ||
        getsockname(at, (struct sockaddr *)&a, &size) != 0) {
        perror("receiver");
        return 1;
    }
    port = ntohs(a.sin_port);
    printf("%d\n", port);
    fflush(stdout);
    for (;;) {
        pthread_t thread;
        int fd = accept4(at, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        pthread_mutex_lock(&lock);
        fprintf(out, "connect\n");
        fflush(out);
        pthread_mutex_unlock(&lock);
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) == 0)
            pthread_detach(thread);
        else
            close(fd);
    }
}
