/* Webhooks: what is signed, which addresses are connected to, when a message is sent again, and what becomes of endpoints that fail. Days pass
 * at once by clock_wall_pretend(); the receiver is a thread of the test's own on loopback. Through the daemon: tests/api/webhooks.sh. */
#include <CUnit/CUnit.h>
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "core/api/outbox.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/jobs/address.h"
#include "core/jobs/sender.h"
#include "core/jobs/signature.h"
#include "core/store/db.h"
#include "core/store/schema.h"
#include "core/store/webhook.h"
#include "tests/unit/suites.h"

static struct hone_err err;

#define OK(call) CU_ASSERT_TRUE_FATAL((call) >= 0)

/* ---- names that stand for what the test wants: libcurl's resolver comes by here ---- */

__attribute__((visibility("default"))) int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (name && strcmp(name, "four.rebind.test") == 0)
        name = "127.0.0.1";
    else if (name && strcmp(name, "six.rebind.test") == 0)
        name = "::1";
    else if (name && strcmp(name, "link.rebind.test") == 0)
        name = "169.254.169.254";
    return real(name, service, hints, out);
}

/* ---- a receiver ---- */

static struct {
    int fd[2], port, stop;               /* of IPv4 and IPv6 */
    int status, retry_after_s, hold_ms;  /* what it says, and after how long */
    int connects, busy, most_busy;
    char head[4096], body[32768];        /* of the last request */
    pthread_mutex_t lock;
    pthread_t thread;
} receiver = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void *answer_one(void *arg)
{
    int fd = (int)(intptr_t)arg;
    char in[40000], out[200];
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
        said += snprintf(out + said, sizeof out - (size_t)said, "Retry-After: %d\r\n", receiver.retry_after_s);
    said += snprintf(out + said, sizeof out - (size_t)said, "Content-Length: 2\r\nConnection: close\r\n\r\nhi");
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

static void receiver_start(void)
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
    receiver.stop = receiver.connects = receiver.busy = receiver.most_busy = receiver.retry_after_s = receiver.hold_ms = 0;
    receiver.status = 200;
    CU_ASSERT_EQUAL_FATAL(pthread_create(&receiver.thread, NULL, receive, NULL), 0);
}

static void receiver_stop(void)
{
    __atomic_store_n(&receiver.stop, 1, __ATOMIC_RELEASE);
    pthread_join(receiver.thread, NULL);
    for (int i = 0; i < 200 && __atomic_load_n(&receiver.busy, __ATOMIC_ACQUIRE); i++)
        usleep(10000);
    close(receiver.fd[0]);
    if (receiver.fd[1] >= 0)
        close(receiver.fd[1]);
}

/* ---- signatures ---- */

/* The vector of the contract, which the npm package standardwebhooks verifies too (tests/api/webhooks_npm.sh). */
static void signatures(void)
{
    static const char body[] = "{\"type\":\"training.completed\",\"event\":\"training.completed\",\"timestamp\":\"2026-01-01T00:00:00Z\",\"job_id\":\"job_xyz123\","
                               "\"agent_id\":\"agent_abc123\",\"results\":{\"accuracy\":0.87},\"data\":{\"job_id\":\"job_xyz123\"}}";
    char out[SIGNATURE_BYTES], again[SIGNATURE_BYTES], secret[SIGNATURE_SECRET];
    OK(signature_make("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "msg_01JTEST0000000000000000000", 1767225600, body, out, &err));
    CU_ASSERT_STRING_EQUAL(out, "v1,GrEZ2E7O1ci5fqWca8otsru+MGPd24equN6iqdnOT0I=");
    signature_secret(secret);
    CU_ASSERT_EQUAL(strncmp(secret, "whsec_", 6), 0);
    CU_ASSERT_EQUAL(strlen(secret), 50);
    OK(signature_make(secret, "msg_1", 1, "{}", out, &err));
    OK(signature_make(secret, "msg_1", 2, "{}", again, &err));
    CU_ASSERT_STRING_NOT_EQUAL(out, again);
    static const char *const bad[] = { "", "whsec_", "whsec_!!!!", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "whsec_c2hvcnQ=" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_EQUAL(signature_make(bad[i], "msg_1", 1, "{}", out, &err), HONE_EINVAL);
}

/* ---- addresses ---- */

static const struct {
    const char *text;
    enum address_kind kind;
} addresses[] = {
    { "1.1.1.1", ADDRESS_PUBLIC }, { "9.255.255.255", ADDRESS_PUBLIC }, { "11.0.0.0", ADDRESS_PUBLIC }, { "100.63.255.255", ADDRESS_PUBLIC },
    { "100.128.0.0", ADDRESS_PUBLIC }, { "126.255.255.255", ADDRESS_PUBLIC }, { "128.0.0.0", ADDRESS_PUBLIC }, { "169.253.255.255", ADDRESS_PUBLIC },
    { "169.255.0.0", ADDRESS_PUBLIC }, { "172.15.255.255", ADDRESS_PUBLIC }, { "172.32.0.0", ADDRESS_PUBLIC }, { "192.0.1.0", ADDRESS_PUBLIC },
    { "192.167.255.255", ADDRESS_PUBLIC }, { "192.169.0.0", ADDRESS_PUBLIC }, { "198.17.255.255", ADDRESS_PUBLIC }, { "198.20.0.0", ADDRESS_PUBLIC },
    { "223.255.255.255", ADDRESS_PUBLIC }, { "168.63.129.15", ADDRESS_PUBLIC },
    { "10.0.0.0", ADDRESS_PRIVATE }, { "10.255.255.255", ADDRESS_PRIVATE }, { "100.64.0.0", ADDRESS_PRIVATE }, { "100.127.255.255", ADDRESS_PRIVATE },
    { "127.0.0.0", ADDRESS_PRIVATE }, { "127.255.255.255", ADDRESS_PRIVATE }, { "172.16.0.0", ADDRESS_PRIVATE }, { "172.31.255.255", ADDRESS_PRIVATE },
    { "192.168.0.0", ADDRESS_PRIVATE }, { "192.168.255.255", ADDRESS_PRIVATE },
    { "0.0.0.0", ADDRESS_FORBIDDEN }, { "0.255.255.255", ADDRESS_FORBIDDEN }, { "100.100.100.200", ADDRESS_FORBIDDEN }, { "168.63.129.16", ADDRESS_FORBIDDEN },
    { "169.254.0.0", ADDRESS_FORBIDDEN }, { "169.254.169.254", ADDRESS_FORBIDDEN }, { "169.254.255.255", ADDRESS_FORBIDDEN },
    { "192.0.0.0", ADDRESS_FORBIDDEN }, { "192.0.0.255", ADDRESS_FORBIDDEN }, { "192.0.2.1", ADDRESS_FORBIDDEN }, { "192.88.99.1", ADDRESS_FORBIDDEN },
    { "198.18.0.0", ADDRESS_FORBIDDEN }, { "198.19.255.255", ADDRESS_FORBIDDEN }, { "198.51.100.7", ADDRESS_FORBIDDEN }, { "203.0.113.7", ADDRESS_FORBIDDEN },
    { "224.0.0.1", ADDRESS_FORBIDDEN }, { "239.255.255.255", ADDRESS_FORBIDDEN }, { "240.0.0.1", ADDRESS_FORBIDDEN }, { "255.255.255.255", ADDRESS_FORBIDDEN },
    { "2606:4700:4700::1111", ADDRESS_PUBLIC }, { "2a00:1450:4001:80b::200e", ADDRESS_PUBLIC }, { "2001:200::1", ADDRESS_PUBLIC },
    { "::ffff:1.1.1.1", ADDRESS_PUBLIC }, { "64:ff9b::1.1.1.1", ADDRESS_PUBLIC },
    { "::1", ADDRESS_PRIVATE }, { "fc00::1", ADDRESS_PRIVATE }, { "fd12:3456::1", ADDRESS_PRIVATE }, { "fdff:ffff::1", ADDRESS_PRIVATE },
    { "::ffff:127.0.0.1", ADDRESS_PRIVATE }, { "::ffff:10.1.2.3", ADDRESS_PRIVATE }, { "64:ff9b::127.0.0.1", ADDRESS_PRIVATE },
    { "64:ff9b::10.0.0.1", ADDRESS_PRIVATE },
    { "::", ADDRESS_FORBIDDEN }, { "::2", ADDRESS_FORBIDDEN }, { "::127.0.0.1", ADDRESS_FORBIDDEN }, { "::ffff:169.254.169.254", ADDRESS_FORBIDDEN },
    { "::ffff:0.0.0.0", ADDRESS_FORBIDDEN }, { "64:ff9b::169.254.169.254", ADDRESS_FORBIDDEN }, { "64:ff9b:1::1", ADDRESS_FORBIDDEN }, { "100::1", ADDRESS_FORBIDDEN },
    { "2001::1", ADDRESS_FORBIDDEN }, { "2001:0:4136:e378:8000:63bf:3fff:fdd2", ADDRESS_FORBIDDEN }, { "2001:db8::1", ADDRESS_FORBIDDEN },
    { "2002:7f00:1::1", ADDRESS_FORBIDDEN }, { "2002:101:101::1", ADDRESS_FORBIDDEN }, { "3fff::1", ADDRESS_FORBIDDEN }, { "4000::1", ADDRESS_FORBIDDEN },
    { "fd00:ec2::254", ADDRESS_FORBIDDEN }, { "fd20:ce::254", ADDRESS_FORBIDDEN }, { "fe80::1", ADDRESS_FORBIDDEN }, { "febf::1", ADDRESS_FORBIDDEN },
    { "fec0::1", ADDRESS_FORBIDDEN }, { "ff02::1", ADDRESS_FORBIDDEN }, { "ffff::1", ADDRESS_FORBIDDEN },
};

static void kinds(void)
{
    static const char *const names[] = { "public", "private", "forbidden" };
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        struct sockaddr_in a = { .sin_family = AF_INET };
        struct sockaddr_in6 b = { .sin6_family = AF_INET6 };
        int four = inet_pton(AF_INET, addresses[i].text, &a.sin_addr) == 1;
        CU_ASSERT_TRUE_FATAL(four || inet_pton(AF_INET6, addresses[i].text, &b.sin6_addr) == 1);
        enum address_kind kind = address_kind(four ? (struct sockaddr *)&a : (struct sockaddr *)&b);
        if (kind != addresses[i].kind)
            fprintf(stderr, "\n    %s is %s, expected %s\n", addresses[i].text, names[kind], names[addresses[i].kind]);
        CU_ASSERT_EQUAL(kind, addresses[i].kind);
    }
    struct sockaddr other = { .sa_family = AF_UNIX };
    CU_ASSERT_EQUAL(address_kind(&other), ADDRESS_FORBIDDEN);
}

/* Hosts that lead to this machine, to its neighbours or to nobody, in every spelling; %d is the port that counts connections. */
static const char *const inward[] = {
    "http://127.0.0.1:%d/", "http://127.1:%d/", "http://127.0.1:%d/", "http://2130706433:%d/", "http://0x7f000001:%d/", "http://0x7f.0.0.1:%d/",
    "http://0177.0.0.1:%d/", "http://017700000001:%d/", "http://0x7f.1:%d/", "http://127.0.0.1.:%d/", "http://127.255.255.254:%d/", "http://0:%d/",
    "http://0.0.0.0:%d/", "http://[::1]:%d/", "http://[::]:%d/", "http://[0:0:0:0:0:0:0:1]:%d/", "http://[::ffff:127.0.0.1]:%d/",
    "http://[::ffff:7f00:1]:%d/", "http://[::127.0.0.1]:%d/", "http://[64:ff9b::127.0.0.1]:%d/", "http://[64:ff9b::7f00:1]:%d/",
    "http://[2002:7f00:1::]:%d/", "http://[2001:0:7f00:1::]:%d/", "http://localhost:%d/", "http://LOCALHOST:%d/", "http://localhost.:%d/",
    "http://sub.localhost:%d/", "http://ip6-localhost:%d/", "http://four.rebind.test:%d/", "http://six.rebind.test:%d/", "http://link.rebind.test:%d/",
    "http://user@127.0.0.1:%d/", "http://user:secret@127.0.0.1:%d/", "http://example.com@127.0.0.1:%d/", "http://127.0.0.1:%d#@example.com/",
    "http://127.0.0.1:%d\\@example.com/", "http://127.0.0.1%%00:%d/", "http://127%%2e0%%2e0%%2e1:%d/", "http://%%6c%%6f%%63%%61%%6c%%68%%6f%%73%%74:%d/",
    "http://127\xe3\x80\x82" "0\xe3\x80\x82" "0\xe3\x80\x82" "1:%d/", "http://\xe2\x93\x9b\xe2\x93\x9e\xe2\x93\x92\xe2\x93\x90\xe2\x93\x9b\xe2\x93\x97\xe2\x93\x9e\xe2\x93\xa2\xe2\x93\xa3:%d/",
    "http://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1:%d/", "http://10.0.0.1:%d/", "http://10.255.255.255:%d/", "http://172.16.0.1:%d/",
    "http://192.168.0.1:%d/", "http://100.64.0.1:%d/", "http://169.254.169.254:%d/latest/meta-data/", "http://0xa9fea9fe:%d/", "http://2852039166:%d/",
    "http://[::ffff:169.254.169.254]:%d/", "http://[fd00:ec2::254]:%d/", "http://[fe80::1]:%d/", "http://[fe80::1%%25lo]:%d/", "http://[fc00::1]:%d/",
    "http://[ff02::1]:%d/", "http://192.0.0.1:%d/", "http://192.0.2.1:%d/", "http://198.18.0.1:%d/", "http://198.51.100.1:%d/", "http://203.0.113.1:%d/",
    "http://224.0.0.1:%d/", "http://240.0.0.1:%d/", "http://255.255.255.255:%d/", "http://100.100.100.200:%d/", "http://[100::1]:%d/",
    "http://[2001:db8::1]:%d/", "file:///etc/passwd?%d", "gopher://127.0.0.1:%d/_x", "dict://127.0.0.1:%d/x", "ftp://127.0.0.1:%d/x",
    "ldap://127.0.0.1:%d/x", "telnet://127.0.0.1:%d/", "//127.0.0.1:%d/", "127.0.0.1:%d/", "http:/127.0.0.1:%d/", "http:///127.0.0.1:%d/", "jar:http://127.0.0.1:%d/",
    "http://127.0.0.1:%d\r\nHost: x/",
};

static void take_result(void *arg, const struct posted *r)
{
    *(struct posted *)arg = *r;
}

/* Posts past the check of URLs, as if it were not there. */
static struct posted post(const struct sender_opts *o, const char *url)
{
    struct posted r = { .status = -1 };
    struct sender *s = sender_new(o, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    const struct post p = { .url = url, .body = "{}", .id = "msg_1", .timestamp = 1, .signatures = "v1,x" };
    if (sender_post(s, &p, take_result, &r, &err) < 0)
        snprintf(r.error, sizeof r.error, "not posted");
    while (sender_wait(s, 100) > 0)
        ;
    sender_free(s);
    return r;
}

static void nothing_inward(void)
{
    const struct sender_opts strict = { .allow_http = 1, .timeout_ms = 2000 }, open = { .allow_http = 1, .allow_private = 1, .timeout_ms = 2000 };
    char url[700], name[300];
    int refused = 0;
    receiver_start();
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    for (size_t i = 0; i < sizeof inward / sizeof inward[0]; i++) {
        snprintf(name, sizeof name, "%s", inward[i]);
        char *at = strstr(name, "%d");
        CU_ASSERT_PTR_NOT_NULL_FATAL(at);
        *at = '\0';
        snprintf(url, sizeof url, "%s%d%s", name, receiver.port, at + 2);
        for (char *p = strstr(url, "%%"); p; p = strstr(p + 1, "%%"))
            memmove(p, p + 1, strlen(p));
        struct posted r = post(&strict, url);
        if (!*r.error || r.status > 0)
            fprintf(stderr, "\n    %s was posted to (%d)\n", url, r.status);
        CU_ASSERT_TRUE(*r.error && r.status <= 0);
        refused += sender_check_url(url, &strict, &err) < 0;
    }
    CU_ASSERT_EQUAL(__atomic_load_n(&receiver.connects, __ATOMIC_RELAXED), 0);
    CU_ASSERT_TRUE(sizeof inward / sizeof inward[0] >= 60);
    CU_ASSERT_TRUE(refused >= 60); /* at once, when they are registered; the rest are names */
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", receiver.port);
    CU_ASSERT_EQUAL(post(&open, url).status, 200); /* the receiver would have counted */
    CU_ASSERT_EQUAL(__atomic_load_n(&receiver.connects, __ATOMIC_RELAXED), 1);
    unsetenv("http_proxy");
    receiver_stop();
}

/* Variables that libcurl heeds elsewhere lead nowhere here. */
static void no_proxies(void)
{
    static const char *const variables[] = { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" };
    char proxy[64];
    receiver_start();
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", receiver.port);
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        setenv(variables[i], proxy, 1);
    const struct sender_opts o = { .allow_http = 1, .timeout_ms = 1000 };
    struct posted r = post(&o, "http://192.0.2.1/");
    CU_ASSERT_TRUE(r.refused);
    CU_ASSERT_EQUAL(__atomic_load_n(&receiver.connects, __ATOMIC_RELAXED), 0);
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        unsetenv(variables[i]);
    receiver_stop();
}

static void good_urls(void)
{
    static const char *const good[] = { "https://example.com/hooks", "https://example.com:8443/a?b=c", "https://1.1.1.1/x", "https://[2606:4700:4700::1111]/x",
                                        "https://xn--bcher-kva.example/" };
    static const char *const bad[] = { "http://example.com/", "", "example.com", "https://", "https://exa mple.com/", "https://example.com:0/", "https://example.com:99999/",
                                       "https://example.com/#x", "https://u:p@example.com/", "ftp://example.com/" };
    const struct sender_opts o = { 0 };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int rc = sender_check_url(good[i], &o, &err);
        if (rc < 0)
            fprintf(stderr, "\n    %s: %s\n", good[i], err.text);
        CU_ASSERT_EQUAL(rc, 0);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_EQUAL(sender_check_url(bad[i], &o, &err), HONE_EINVAL);
}

/* ---- the schedule ---- */

static char dir[64];
static struct api a;
static struct outbox *box;
static char hook[64];

static struct store *books(void)
{
    struct store *s = store_open(dir, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    return s;
}

/* A state with an endpoint at the receiver that wants everything; the clock stands. */
static void set_up(void)
{
    char url[64];
    receiver_start();
    snprintf(dir, sizeof dir, "/tmp/hone-webhooks-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    a = (struct api){ .state_dir = dir, .webhooks = { .allow_http = 1, .allow_private = 1, .timeout_ms = 2000, .keep_days = 30 } };
    clock_wall_pretend(INT64_C(1767225600000));
    cJSON *in = cJSON_CreateObject();
    snprintf(url, sizeof url, "http://127.0.0.1:%d/in", receiver.port);
    json_put_str(in, "url", url);
    cJSON *out = api_webhook_register(&a, in, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    CU_ASSERT_EQUAL(strncmp(json_str(out, "secret", ""), "whsec_", 6), 0);
    snprintf(hook, sizeof hook, "%s", json_str(out, "webhook_id", ""));
    cJSON_Delete(out);
    cJSON_Delete(in);
    box = outbox_open(&a, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(box);
    log_setup("hone", LOG_ERROR);
}

static void tear_down(void)
{
    log_setup("hone", LOG_INFO);
    outbox_close(box);
    struct store *s = books();
    CU_ASSERT_EQUAL(store_check(s, &err), 0);
    store_close(s);
    clock_wall_pretend(0);
    CU_ASSERT_EQUAL(file_remove_tree(dir, &err), 0);
    receiver_stop();
}

static void emit(const char *type, int n)
{
    struct store *s = books();
    cJSON *members = cJSON_CreateObject();
    json_put_str(members, "job_id", "job_1");
    OK(store_begin(s, &err));
    for (int i = 0; i < n; i++)
        OK(outbox_event(s, NULL, type, "job_1", members, &err));
    OK(store_commit(s, &err));
    store_close(s);
    cJSON_Delete(members);
    outbox_wake(box);
}

/* Does all that is due by the clock. */
static void work(void)
{
    for (int i = 0, idle = 0; i < 20000 && idle < 3; i++)
        idle = outbox_step(box, 10) > 0 ? 0 : idle + 1;
}

static struct delivery_row newest(void)
{
    struct delivery_list list;
    struct delivery_row row = { 0 };
    struct store *s = books();
    OK(delivery_list(s, NULL, -1, NULL, 1, &list, &err));
    store_close(s);
    if (list.n) {
        row = list.v[0];
        list.v[0] = (struct delivery_row){ 0 };
    }
    delivery_list_free(&list);
    return row;
}

static struct webhook_row endpoint(void)
{
    struct webhook_row row;
    struct store *s = books();
    OK(webhook_get(s, hook, &row, &err));
    store_close(s);
    return row;
}

/* All ten tries, each neither a millisecond early nor after its time; then the endpoint that nothing has reached is asked no more. */
static void schedule(void)
{
    static const int64_t after_s[] = { 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400 };
    char id[64] = "";
    set_up();
    receiver.status = 500;
    emit("training.completed", 1);
    for (int try = 1; try <= 10; try++) {
        work();
        struct delivery_row d = newest();
        CU_ASSERT_EQUAL(d.attempts, try);
        CU_ASSERT_EQUAL(receiver.connects, try);
        char *line = strcasestr(receiver.head, "webhook-id: ");
        CU_ASSERT_PTR_NOT_NULL_FATAL(line);
        CU_ASSERT_EQUAL(strncmp(line + 12, d.message_id, strlen(d.message_id)), 0); /* the same for every attempt */
        CU_ASSERT_TRUE(!*id || strcmp(id, d.message_id) == 0);
        snprintf(id, sizeof id, "%s", d.message_id);
        CU_ASSERT_EQUAL(d.state, try < 10 ? DELIVERY_PENDING : DELIVERY_FAILED);
        if (try < 10) {
            int64_t wait = d.due_at - clock_wall_ms(), plan = after_s[try - 1] * 1000;
            if (wait < plan * 8 / 10 || wait > plan * 12 / 10)
                fprintf(stderr, "\n    try %d waits %lld ms, planned are %lld\n", try + 1, (long long)wait, (long long)plan);
            CU_ASSERT_TRUE(wait >= plan * 8 / 10 && wait <= plan * 12 / 10);
            clock_wall_pretend(d.due_at - 1);
            outbox_wake(box);
            for (int i = 0; i < 3; i++)
                outbox_step(box, 0);
            CU_ASSERT_EQUAL(receiver.connects, try);
            clock_wall_pretend(d.due_at);
        }
        delivery_free(&d);
    }
    struct webhook_row w = endpoint();
    CU_ASSERT_TRUE(w.disabled_at > 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(w.disabled_reason, "nothing has reached it"));
    webhook_free(&w);
    emit("training.completed", 1);
    work();
    CU_ASSERT_EQUAL(receiver.connects, 10);
    tear_down();
}

static void waits(void)
{
    CU_ASSERT_EQUAL(outbox_wait_ms(1, 0), 4000);
    CU_ASSERT_EQUAL(outbox_wait_ms(1, 0.5), 5000);
    CU_ASSERT_EQUAL(outbox_wait_ms(9, 0.5), 86400000);
    CU_ASSERT_EQUAL(outbox_wait_ms(10, 0.5), -1);
    CU_ASSERT_EQUAL(outbox_wait_ms(0, 0.5), -1);
}

/* A success in between: the delivery that then fails for good does not cost the endpoint its place. */
static void answers(void)
{
    set_up();
    receiver.status = 429;
    receiver.retry_after_s = 1000;
    emit("training.completed", 1);
    work();
    struct delivery_row d = newest();
    CU_ASSERT_EQUAL(d.status, 429);
    CU_ASSERT_EQUAL(d.due_at - clock_wall_ms(), 1000000); /* as it asked, which is later than the schedule's */
    delivery_free(&d);
    receiver.retry_after_s = 999999;
    clock_wall_pretend(clock_wall_ms() + 1000000);
    work();
    d = newest();
    CU_ASSERT_EQUAL(d.attempts, 2);
    CU_ASSERT_EQUAL(d.due_at - clock_wall_ms(), 86400000); /* at most a day */
    struct webhook_row w = endpoint();
    CU_ASSERT_TRUE(w.failing_since > 0 && !w.disabled_at);
    webhook_free(&w);
    receiver.status = 204;
    receiver.retry_after_s = 0;
    clock_wall_pretend(d.due_at);
    delivery_free(&d);
    work();
    d = newest();
    CU_ASSERT_EQUAL(d.state, DELIVERY_DONE);
    CU_ASSERT_EQUAL(d.attempts, 3);
    CU_ASSERT_PTR_NULL(d.error);
    delivery_free(&d);
    w = endpoint();
    CU_ASSERT_EQUAL(w.failing_since, 0);
    webhook_free(&w);
    emit("training.progress", 1); /* not asked for */
    work();
    CU_ASSERT_EQUAL(receiver.connects, 3);
    tear_down();
}

/* 410 is final, for the endpoint and for what waits for it. */
static void gone(void)
{
    set_up();
    receiver.status = 410;
    emit("training.completed", 1);
    work();
    struct webhook_row w = endpoint();
    CU_ASSERT_TRUE(w.disabled_at > 0);
    webhook_free(&w);
    struct delivery_row d = newest();
    CU_ASSERT_EQUAL(d.state, DELIVERY_FAILED);
    CU_ASSERT_EQUAL(d.attempts, 1);
    char *again;
    struct store *s = books();
    CU_ASSERT_EQUAL(outbox_again(s, d.id, &again, &err), ERR_CONFLICT);
    OK(webhook_get(s, hook, &w, &err));
    w.disabled_at = 0;
    OK(webhook_update(s, &w, &err));
    webhook_free(&w);
    OK(outbox_again(s, d.id, &again, &err));
    CU_ASSERT_EQUAL(outbox_again(s, again, &again, &err), ERR_CONFLICT); /* it is on its way */
    free(again);
    store_close(s);
    receiver.status = 200;
    outbox_wake(box);
    work();
    struct delivery_row second = newest();
    CU_ASSERT_EQUAL(second.state, DELIVERY_DONE);
    CU_ASSERT_STRING_EQUAL(second.message_id, d.message_id);
    CU_ASSERT_STRING_NOT_EQUAL(second.id, d.id);
    delivery_free(&second);
    delivery_free(&d);
    tear_down();
}

/* Three hundred at once: at most four at a time, all delivered. One at a time while it fails. */
static void full_outbox(void)
{
    int64_t left = -1;
    set_up();
    receiver.hold_ms = 2;
    emit("training.completed", 300);
    work();
    struct store *s = books();
    OK(outbox_pending(s, &left, &err));
    store_close(s);
    CU_ASSERT_EQUAL(left, 0);
    CU_ASSERT_EQUAL(receiver.connects, 300);
    CU_ASSERT_TRUE(receiver.most_busy > 1 && receiver.most_busy <= 4);
    receiver.status = 503;
    emit("training.completed", 1);
    work();
    receiver.most_busy = 0;
    emit("training.completed", 20);
    work();
    CU_ASSERT_EQUAL(receiver.most_busy, 1);
    s = books();
    OK(outbox_pending(s, &left, &err));
    CU_ASSERT_EQUAL(left, 21);
    clock_wall_pretend(clock_wall_ms() + INT64_C(31) * 86400000);
    CU_ASSERT_EQUAL(outbox_prune(s, clock_wall_ms() - INT64_C(30) * 86400000, 5000, &err), 300); /* what is on its way stays */
    store_close(s);
    tear_down();
}

/* An endpoint that takes its time holds up nobody else. */
static void slow_one(void)
{
    int silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* connects, and never answers */
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t size = sizeof at;
    char url[64];
    set_up();
    CU_ASSERT_EQUAL_FATAL(bind(silent, (struct sockaddr *)&at, sizeof at), 0);
    CU_ASSERT_EQUAL_FATAL(listen(silent, 64), 0);
    getsockname(silent, (struct sockaddr *)&at, &size);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", ntohs(at.sin_port));
    cJSON *in = cJSON_CreateObject(), *out;
    json_put_str(in, "url", url);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out = api_webhook_register(&a, in, &err));
    cJSON_Delete(out);
    cJSON_Delete(in);
    emit("training.completed", 40);
    int64_t begun = clock_mono_us();
    while (receiver.connects < 40 && clock_mono_us() - begun < 5000000)
        outbox_step(box, 10);
    CU_ASSERT_EQUAL(receiver.connects, 40);
    CU_ASSERT_TRUE(clock_mono_us() - begun < 1900000); /* before the silent one's first post is given up */
    close(silent);
    tear_down();
}

/* Two secrets for a while, then the new one alone. */
static void rotation(void)
{
    char first[SIGNATURE_BYTES], second[SIGNATURE_BYTES], want[2 * SIGNATURE_BYTES + 24];
    set_up();
    struct webhook_row w = endpoint();
    cJSON *in = cJSON_CreateObject();
    json_put_str(in, "webhook_id", hook);
    json_put_int(in, "overlap_hours", 1);
    cJSON *out = api_webhook_rotate(&a, in, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    for (int round = 0; round < 2; round++) {
        emit("training.completed", 1);
        work();
        struct delivery_row d = newest();
        OK(signature_make(json_str(out, "secret", ""), d.message_id, clock_wall_ms() / 1000, receiver.body, first, &err));
        OK(signature_make(w.secret, d.message_id, clock_wall_ms() / 1000, receiver.body, second, &err));
        snprintf(want, sizeof want, "webhook-signature: %s%s%s\r\n", first, round ? "" : " ", round ? "" : second);
        CU_ASSERT_PTR_NOT_NULL(strcasestr(receiver.head, "webhook-signature: "));
        CU_ASSERT_PTR_NOT_NULL(strstr(receiver.head, want));
        delivery_free(&d);
        clock_wall_pretend(clock_wall_ms() + 3600000);
    }
    cJSON_Delete(in);
    cJSON_Delete(out);
    webhook_free(&w);
    tear_down();
}

/* ---- messages ---- */

static void bodies(void)
{
    cJSON *members = cJSON_CreateObject(), *results = cJSON_CreateObject(), *list = cJSON_CreateArray();
    json_put_str(members, "job_id", "job_1");
    json_put_num(results, "accuracy", 0.875);
    for (int i = 0; i < 9000; i++)
        cJSON_AddItemToArray(list, cJSON_CreateNumber(i));
    json_put(results, "curve", list);
    json_put(members, "results", results);
    char *text = outbox_body("training.completed", INT64_C(1767225600000), members);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_TRUE(strlen(text) <= OUTBOX_BODY_MAX);
    cJSON *v = json_parse(text, strlen(text), "body", &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(v);
    CU_ASSERT_STRING_EQUAL(json_str(v, "type", ""), "training.completed");
    CU_ASSERT_STRING_EQUAL(json_str(v, "event", ""), "training.completed");
    CU_ASSERT_STRING_EQUAL(json_str(v, "timestamp", ""), "2026-01-01T00:00:00.000Z");
    CU_ASSERT_STRING_EQUAL(json_str(json_get(v, "data"), "job_id", ""), "job_1");
    CU_ASSERT_EQUAL(json_num(json_get(v, "results"), "accuracy", 0), 0.875);
    CU_ASSERT_PTR_NULL(json_get(json_get(v, "results"), "curve"));
    CU_ASSERT_TRUE(json_bool(v, "truncated", 0));
    cJSON_Delete(v);
    free(text);
    cJSON_Delete(members);
}

/* ---- older databases ---- */

/* Jobs and datasets of schema 4 are there afterwards, of no token, and the new tables are empty. */
static void migration(void)
{
    static const char rows[] =
        "INSERT INTO agents VALUES ('agent_1', 'default', 'a', '', NULL, NULL, 1, 1);"
        "INSERT INTO jobs (id, agent_id, status, epoch, total_epochs, step, total_steps, token_usage, elapsed_ms, attempt, created_at, started_at, updated_at,"
        " completed_at) VALUES ('job_1', 'agent_1', 3, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1);"
        "INSERT INTO datasets VALUES ('data_1', 'default', 0, 'n', '', 'f', 'auto', 'aa', 7, 2, NULL, 1);";
    struct store s = { .lock_fd = -1, .path = strdup("test") };
    int64_t n = -1;
    CU_ASSERT_EQUAL_FATAL(sqlite3_open(":memory:", &s.db), SQLITE_OK);
    CU_ASSERT_EQUAL_FATAL(db_tenants(&s, &err), 0);
    CU_ASSERT_EQUAL_FATAL(schema_migrate(&s, schema_steps, 4, &err), 0);
    CU_ASSERT_EQUAL_FATAL(db_exec(&s, rows, &err), 0);
    int rc = schema_migrate(&s, schema_steps, schema_version, &err);
    if (rc < 0)
        fprintf(stderr, "\n    %s\n", err.text);
    CU_ASSERT_EQUAL_FATAL(rc, 0);
    CU_ASSERT_EQUAL(db_number(&s, "SELECT count(*) FROM jobs WHERE token_id IS NULL AND data_bytes = 0 AND data_examples = 0", NULL, 0, &n, &err), 1);
    CU_ASSERT_EQUAL(n, 1);
    CU_ASSERT_EQUAL(db_number(&s, "SELECT bytes FROM datasets WHERE token_id IS NULL", NULL, 0, &n, &err), 1);
    CU_ASSERT_EQUAL(n, 7);
    CU_ASSERT_EQUAL(db_number(&s, "SELECT (SELECT count(*) FROM webhooks) + (SELECT count(*) FROM messages) + (SELECT count(*) FROM deliveries)"
                              " + (SELECT count(*) FROM attempts) + (SELECT count(*) FROM usage)", NULL, 0, &n, &err), 1);
    CU_ASSERT_EQUAL(n, 0);
    db_keep_free(&s);
    sqlite3_close(s.db);
    free(s.path);
}

int test_webhooks(void)
{
    CU_pSuite suite = CU_add_suite("webhooks", NULL, NULL);
    int ok = suite && CU_add_test(suite, "signatures", signatures) && CU_add_test(suite, "kinds of addresses", kinds) &&
             CU_add_test(suite, "nothing inward", nothing_inward) && CU_add_test(suite, "no proxies", no_proxies) && CU_add_test(suite, "good URLs", good_urls) &&
             CU_add_test(suite, "schedule", schedule) && CU_add_test(suite, "waits", waits) && CU_add_test(suite, "answers", answers) &&
             CU_add_test(suite, "gone", gone) && CU_add_test(suite, "full outbox", full_outbox) && CU_add_test(suite, "slow one", slow_one) &&
             CU_add_test(suite, "rotation", rotation) && CU_add_test(suite, "bodies", bodies) && CU_add_test(suite, "migration", migration);
    return ok ? 0 : -1;
}
