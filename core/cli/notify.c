/* See notify.h. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "core/cli/notify.h"

int notify_send(const char *text, struct hone_err *err)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    if (!path || !*path)
        return 0;
    size_t n = strlen(path);
    if ((*path != '/' && *path != '@') || n >= sizeof a.sun_path)
        return hone_fail(err, HONE_EIO, "NOTIFY_SOCKET is '%.100s'; expected the path of a socket, or @ and an abstract name", path);
    memcpy(a.sun_path, path, n);
    if (*path == '@')
        a.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    int sent = fd >= 0 && sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&a, size) >= 0;
    if (!sent)
        err_errno(err, "tell", path);
    if (fd >= 0)
        close(fd);
    return sent ? 0 : err->code;
}

/* A variable that is a positive number, and meant for this process where `pid` names one; 0 otherwise. */
static int64_t number(const char *name, const char *pid)
{
    const char *value = getenv(name), *whose = getenv(pid);
    char *end;
    if (!value || (whose && strtol(whose, NULL, 10) != getpid()))
        return 0;
    long long v = strtoll(value, &end, 10);
    return *end || v < 0 ? 0 : v;
}

int64_t notify_watchdog_ms(void)
{
    return number("WATCHDOG_USEC", "WATCHDOG_PID") / 2000;
}

int notify_listen_fds(void)
{
    int64_t n = getenv("LISTEN_PID") ? number("LISTEN_FDS", "LISTEN_PID") : 0;
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    return n > 64 ? 0 : (int)n;
}
