/* What systemd is told and hands over: core/cli/notify.h, and listening on sockets that are open already (core/http/listen.h). */
#include <fcntl.h>
#include <stddef.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <CUnit/CUnit.h>
#include "core/cli/notify.h"
#include "core/http/listen.h"
#include "tests/unit/suites.h"

static int receiver(const char *name)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    size_t n = strlen(name);
    memcpy(a.sun_path, name, n);
    if (*name == '@')
        a.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CU_ASSERT_EQUAL_FATAL(bind(fd, (struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)), 0);
    return fd;
}

static void tells(void)
{
    struct hone_err err = { 0 };
    char dir[] = "/tmp/hone-notify-XXXXXX", path[64], abstract[64], got[64];
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/s", dir);
    snprintf(abstract, sizeof abstract, "@hone-notify-%d", (int)getpid());
    const char *const names[] = { path, abstract };
    for (int i = 0; i < 2; i++) {
        int fd = receiver(names[i]);
        setenv("NOTIFY_SOCKET", names[i], 1);
        CU_ASSERT_EQUAL(notify_send("READY=1", &err), 0);
        ssize_t n = recv(fd, got, sizeof got, MSG_DONTWAIT);
        CU_ASSERT_EQUAL(n, 7);
        CU_ASSERT_EQUAL(memcmp(got, "READY=1", 7), 0);
        close(fd);
    }
    unlink(path);
    CU_ASSERT_EQUAL(notify_send("READY=1", &err), HONE_EIO); /* nobody is there any more */
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, abstract));
    setenv("NOTIFY_SOCKET", "relative", 1);
    CU_ASSERT_EQUAL(notify_send("READY=1", &err), HONE_EIO);
    unsetenv("NOTIFY_SOCKET");
    CU_ASSERT_EQUAL(notify_send("READY=1", &err), 0);
    rmdir(dir);
}

static void reads_variables(void)
{
    char pid[16];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    unsetenv("WATCHDOG_PID");
    CU_ASSERT_EQUAL(notify_watchdog_ms(), 0);
    setenv("WATCHDOG_USEC", "3000000", 1);
    CU_ASSERT_EQUAL(notify_watchdog_ms(), 1500);
    setenv("WATCHDOG_PID", "1", 1); /* another process's */
    CU_ASSERT_EQUAL(notify_watchdog_ms(), 0);
    setenv("WATCHDOG_PID", pid, 1);
    CU_ASSERT_EQUAL(notify_watchdog_ms(), 1500);
    setenv("WATCHDOG_USEC", "much", 1);
    CU_ASSERT_EQUAL(notify_watchdog_ms(), 0);
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");

    setenv("LISTEN_FDS", "2", 1);
    CU_ASSERT_EQUAL(notify_listen_fds(), 0); /* nobody's */
    setenv("LISTEN_FDS", "2", 1);
    setenv("LISTEN_PID", "1", 1);
    CU_ASSERT_EQUAL(notify_listen_fds(), 0);
    setenv("LISTEN_FDS", "2", 1);
    setenv("LISTEN_PID", pid, 1);
    CU_ASSERT_EQUAL(notify_listen_fds(), 2);
    CU_ASSERT_PTR_NULL(getenv("LISTEN_FDS"));
    CU_ASSERT_EQUAL(notify_listen_fds(), 0);
}

static void takes_open_sockets(void)
{
    struct hone_err err = { 0 };
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    char name[16], bound[64] = "";
    int beyond = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    CU_ASSERT_EQUAL_FATAL(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    snprintf(name, sizeof name, "fd:%d", fd);
    CU_ASSERT_EQUAL(listen_open(name, 1, bound, &beyond, &err), HONE_EINVAL); /* it does not listen yet */
    CU_ASSERT_EQUAL_FATAL(listen(fd, 1), 0);
    CU_ASSERT_EQUAL(listen_open(name, 1, bound, &beyond, &err), fd);
    CU_ASSERT_EQUAL(strncmp(bound, "127.0.0.1:", 10), 0);
    CU_ASSERT_EQUAL(beyond, 0);
    CU_ASSERT_TRUE(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    CU_ASSERT_TRUE(fcntl(fd, F_GETFL) & O_NONBLOCK);
    close(fd);
    CU_ASSERT_EQUAL(listen_open(name, 1, bound, &beyond, &err), HONE_EINVAL);
    static const char *const bad[] = { "fd:", "fd:x", "fd:-1", "fd:0", "fd:3x" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_EQUAL(listen_open(bad[i], 1, bound, &beyond, &err), HONE_EINVAL);
}

int test_notify(void)
{
    CU_pSuite s = CU_add_suite("notify", NULL, NULL);
    return s && CU_add_test(s, "tells systemd", tells) && CU_add_test(s, "reads its variables", reads_variables)
           && CU_add_test(s, "takes open sockets", takes_open_sockets) ? 0 : -1;
}
