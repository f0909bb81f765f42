/* Listening sockets by their addresses, and the thread that accepts. Sockets that were opened by others are in test_notify.c. */
#include <CUnit/CUnit.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "core/base/log.h"
#include "core/http/listen.h"
#include "tests/unit/suites.h"

static struct hone_err err;

static void said(const char *part)
{
    if (!strstr(err.text, part))
        printf("'%s' has no '%s'\n", err.text, part);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, part));
}

static void no_addresses(void)
{
    static const char *const bad[] = { "", "8080", "localhost", ":8080", "localhost:", "localhost:x", "localhost:80x", "localhost:65536", "localhost:123456",
                                       "::1:80", "[::1]", "[::1]:", "[]:80", "[::1:80", "a:b:80" };
    char bound[64], longest[300];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CU_ASSERT_EQUAL(listen_open(bad[i], 1, bound, NULL, &err), HONE_EINVAL);
        said("is no address to listen on; expected HOST:PORT, [IPV6]:PORT, unix:PATH or fd:NUMBER");
    }
    memset(longest, 'a', sizeof longest);
    memcpy(longest + 256, ":80", 4);
    CU_ASSERT_EQUAL(listen_open(longest, 1, NULL, NULL, &err), HONE_EINVAL);
    said("is no address to listen on");
    CU_ASSERT_EQUAL(listen_open("127.0.0.256:80", 1, bound, NULL, &err), HONE_EINVAL);
    said("127.0.0.256:80: no such address: ");
}

static void addresses(void)
{
    char bound[64] = "", again[64];
    int beyond = 1, fd = listen_open("127.0.0.1:0", 1, bound, &beyond, &err);
    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_EQUAL(strncmp(bound, "127.0.0.1:", 10), 0);
    CU_ASSERT(strtoul(bound + 10, NULL, 10) > 0);
    CU_ASSERT_EQUAL(beyond, 0);
    CU_ASSERT(listen_open(bound, 1, again, NULL, &err) < 0);
    said(bound);
    said("in use");
    close(fd);
    fd = listen_open("127.1.2.3:0", 1, NULL, &beyond, &err);
    CU_ASSERT(fd >= 0 && !beyond);
    close(fd);
    fd = listen_open("[::1]:0", 1, bound, &beyond, &err);
    if (fd >= 0) { /* there are machines without IPv6 */
        CU_ASSERT_EQUAL(strncmp(bound, "[::1]:", 6), 0);
        CU_ASSERT_EQUAL(beyond, 0);
        close(fd);
    }
}

static void socket_files(void)
{
    char folder[] = "/tmp/hone-unit.XXXXXX", path[64], address[200], bound[64];
    struct stat st;
    int beyond = 1, other;
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/socket", folder);
    snprintf(address, sizeof address, "unix:%s", path);
    int fd = listen_open(address, 1, bound, &beyond, &err);
    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_STRING_EQUAL(bound, address);
    CU_ASSERT_EQUAL(beyond, 0);
    CU_ASSERT(stat(path, &st) == 0 && S_ISSOCK(st.st_mode) && (st.st_mode & 0777) == 0600);
    CU_ASSERT_EQUAL(listen_open(address, 1, NULL, NULL, &err), ERR_CONFLICT);
    said("another process listens on ");
    close(fd);
    other = listen_open(address, 1, NULL, NULL, &err); /* what the first one left behind is replaced */
    CU_ASSERT(other >= 0);
    close(other);
    unlink(path);
    CU_ASSERT_EQUAL_FATAL(mkdir(path, 0700), 0);
    CU_ASSERT_EQUAL(listen_open(address, 1, NULL, NULL, &err), ERR_CONFLICT);
    said("exists and is no socket; remove it or choose another path");
    snprintf(address, sizeof address, "unix:%s/none/socket", path);
    CU_ASSERT(listen_open(address, 1, NULL, NULL, &err) < 0);
    said("/none/socket");
    rmdir(path);
    rmdir(folder);
    snprintf(address, sizeof address, "unix:/%0150d", 0);
    CU_ASSERT_EQUAL(listen_open(address, 1, NULL, NULL, &err), HONE_EINVAL);
    said("the path of a socket has at most 107 bytes");
}

/* ---- the thread ---- */

static _Atomic int told, ticks;

static int take(void *arg, int fd, const struct sockaddr *from, socklen_t size)
{
    struct listener *l = arg;
    CU_ASSERT(from->sa_family == AF_UNIX && size >= sizeof from->sa_family);
    struct http_conn *conn = conns_get(l->conns, fd);
    CU_ASSERT(conn && conn->local && conn->uid == (uint32_t)getuid());
    if (++told == 2) {
        close(fd);
        return -1;
    }
    return 0;
}

static void tick(void *arg, int64_t now)
{
    (void)arg;
    CU_ASSERT(now > 0);
    ticks++;
}

/* Connects, and waits until `n` sockets were taken. */
static int connected(const struct sockaddr_un *to, int n)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CU_ASSERT_EQUAL_FATAL(connect(fd, (const struct sockaddr *)to, sizeof *to), 0);
    for (int i = 0; i < 6000 && told < n; i++)
        usleep(10000);
    CU_ASSERT_EQUAL(told, n);
    return fd;
}

static int closed_there(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    char byte;
    return poll(&p, 1, 60000) == 1 && read(fd, &byte, 1) == 0;
}

static void keep_line(void *arg, int level, const char *text)
{
    CU_ASSERT_EQUAL(level, LOG_WARN);
    snprintf(arg, 200, "%s", text);
}

/* Two are taken at most: a third one is turned away, one that `accepted` refuses is forgotten. */
static void accepts(void)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    struct conns conns;
    char folder[] = "/tmp/hone-unit.XXXXXX", address[200], line[200] = "";
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    snprintf(to.sun_path, sizeof to.sun_path, "%s/socket", folder);
    snprintf(address, sizeof address, "unix:%s", to.sun_path);
    CU_ASSERT_EQUAL_FATAL(conns_open(&conns, 2, 0, &err), 0);
    struct listener l = { .conns = &conns, .n = 1, .header_ms = 60000, .accepted = take, .tick = tick };
    l.arg = &l;
    l.fd[0] = listen_open(address, 16, NULL, NULL, &err);
    CU_ASSERT_FATAL(l.fd[0] >= 0);
    told = ticks = 0;
    int level = log_level();
    log_setup("hone-unit", LOG_INFO);
    log_redirect(keep_line, line);
    listener_stop(&l); /* does not run yet */
    CU_ASSERT_EQUAL_FATAL(listener_start(&l, &err), 0);
    int fd[4];
    fd[0] = connected(&to, 1);
    fd[1] = connected(&to, 2);
    CU_ASSERT(closed_there(fd[1]));
    fd[2] = connected(&to, 3);
    fd[3] = connected(&to, 3);
    CU_ASSERT(closed_there(fd[3]));
    CU_ASSERT_EQUAL(told, 3);
    CU_ASSERT_EQUAL(conns.refused, 1);
    for (int i = 0; i < 6000 && ticks == 0; i++)
        usleep(10000);
    CU_ASSERT(ticks > 0);
    listener_stop(&l);
    log_redirect(NULL, NULL);
    log_setup("hone-unit", level);
    CU_ASSERT_STRING_EQUAL(line, "connections are turned away: their number is at the limit, overall or from one address");
    CU_ASSERT_EQUAL(l.running, 0);
    for (int i = 0; i < conns.size; i++)
        if (conns.by_fd[i].open) {
            conns_remove(&conns, &conns.by_fd[i]);
            close(i);
        }
    for (int i = 0; i < 4; i++)
        close(fd[i]);
    conns_close(&conns);
    close(l.fd[0]);
    unlink(to.sun_path);
    rmdir(folder);
}

int test_listen(void)
{
    CU_pSuite s = CU_add_suite("listen", NULL, NULL);
    return s && CU_add_test(s, "what is no address", no_addresses) && CU_add_test(s, "addresses", addresses) && CU_add_test(s, "socket files", socket_files) &&
           CU_add_test(s, "accepts", accepts) ? 0 : -1;
}
