/* handover PROGRAM ARGUMENT...: plays systemd for a daemon of its own: hands over a listening socket, hears what it tells ($NOTIFY_SOCKET),
 * asks for signs of life, calls /readyz on the socket, ends the daemon by SIGTERM. Prints what it saw, a line each. For systemd.sh. */
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIFE_MS 200
#define WAIT_MS 60000

static char name[64];

static void become(int listening, char **argv)
{
    char text[32];
    if (listening != 3 && dup2(listening, 3) < 0)
        _exit(126);
    snprintf(text, sizeof text, "%d", (int)getpid());
    setenv("LISTEN_PID", text, 1);
    setenv("LISTEN_FDS", "1", 1);
    setenv("NOTIFY_SOCKET", name, 1);
    snprintf(text, sizeof text, "%d", 2 * LIFE_MS * 1000);
    setenv("WATCHDOG_USEC", text, 1);
    execv(argv[0], argv);
    _exit(127);
}

/* Waits for one message and prints it. 0, or -1 when none came. */
static int hear(int fd, const char *wanted)
{
    char text[256];
    struct pollfd p = { .fd = fd, .events = POLLIN };
    while (poll(&p, 1, WAIT_MS) > 0) {
        ssize_t n = recv(fd, text, sizeof text - 1, 0);
        if (n < 0)
            return -1;
        text[n] = '\0';
        puts(text);
        if (strcmp(text, wanted) == 0)
            return 0;
    }
    printf("no %s\n", wanted);
    return -1;
}

static void ask(const struct sockaddr_in *to)
{
    static const char request[] = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    char text[64] = "";
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (const struct sockaddr *)to, sizeof *to) == 0 && write(fd, request, sizeof request - 1) == sizeof request - 1 &&
        read(fd, text, sizeof text - 1) > 12)
        printf("answered %.3s\n", text + 9);
    close(fd);
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_un told = { .sun_family = AF_UNIX };
    socklen_t size = sizeof at;
    int listening = socket(AF_INET, SOCK_STREAM, 0), ears = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), status = 0;
    snprintf(name, sizeof name, "@hone-handover-%d", (int)getpid());
    memcpy(told.sun_path + 1, name + 1, strlen(name) - 1);
    if (argc < 2 || bind(listening, (struct sockaddr *)&at, sizeof at) != 0 || listen(listening, 16) != 0 ||
        getsockname(listening, (struct sockaddr *)&at, &size) != 0 ||
        bind(ears, (struct sockaddr *)&told, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))) != 0) {
        perror("handover");
        return 1;
    }
    pid_t pid = fork();
    if (pid == 0)
        become(listening, argv + 1);
    int rc = hear(ears, "READY=1");
    if (rc == 0) {
        ask(&at);
        rc = hear(ears, "WATCHDOG=1");
    }
    kill(pid, SIGTERM);
    if (rc == 0)
        rc = hear(ears, "STOPPING=1");
    waitpid(pid, &status, 0);
    printf("ended %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
    return rc != 0;
}
