/* Posts to where others say: what is signed, which addresses are connected to, and that nothing leads inward. */
#include <CUnit/CUnit.h>
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "core/jobs/address.h"
#include "core/jobs/sender.h"
#include "core/jobs/signature.h"
#include "tests/unit/receiver.h"
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

/* Each URL that is refused, and what is said of it. */
static void why_urls(void)
{
    static const struct {
        const char *url;
        int allow; /* bits: http, private addresses */
        const char *said; /* NULL: it is taken */
    } urls[] = {
        { "http://example.com/", 0, "expected https, found 'http'; the operator may allow it (webhooks.allowHttp)" },
        { "http://example.com/", 1, NULL },
        { "ftp://example.com/", 0, "expected https, found 'ftp'" },
        { "ftp://example.com/", 1, "expected http or https, found 'ftp'" },
        { "https://u@example.com/", 0, "credentials do not belong into it" },
        { "https://:p@example.com/", 0, "credentials do not belong into it" },
        { "https://example.com/#", 0, NULL },
        { "https://example.com/#x", 0, "what stands behind # is never sent" },
        { "https://example.com:0/", 0, "there is no port 0" },
        { "https://example.com:1/", 0, NULL },
        { "https://example .com/", 0, "has a blank, a backslash or a control character" },
        { "https://example.com/\\x", 0, "has a blank, a backslash or a control character" },
        { "https://example.com/\x7f", 0, "has a blank, a backslash or a control character" },
        { "https://b\xc3\xbc" "cher.example/", 0, "write the host in ASCII" },
        { "https://localhost/", 0, "this host is the server itself" },
        { "https://a.LocalHost./", 0, "this host is the server itself" },
        { "https://.localhost/", 0, NULL }, /* a name like others, which no resolver has */
        { "https://localhost/", 2, NULL },
        { "https://127.0.0.1/", 0, "this address is none of the public internet" },
        { "https://127.0.0.1/", 2, NULL },
        { "https://[::1]/", 0, "this address is none of the public internet" },
        { "https://[::1]/", 2, NULL },
        { "https://169.254.169.254/", 2, "this address is none of the public internet" },
        { "https://.../", 0, "there is no host" },
        { "https://", 0, "); expected https://HOST/PATH" },
        { "no/scheme", 0, "); expected https://HOST/PATH" },
    };
    char longest[SENDER_URL_MAX + 2] = "https://example.com/";
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        const struct sender_opts o = { .allow_http = urls[i].allow & 1, .allow_private = urls[i].allow & 2 };
        err.text[0] = '\0';
        int rc = sender_check_url(urls[i].url, &o, &err);
        int good = urls[i].said ? rc == HONE_EINVAL && strstr(err.text, urls[i].said) : rc == 0;
        if (!good)
            fprintf(stderr, "\n    %s: %d %s\n", urls[i].url, rc, err.text);
        CU_ASSERT_TRUE(good);
    }
    memset(longest + 20, 'x', SENDER_URL_MAX - 20);
    CU_ASSERT_EQUAL(sender_check_url(longest, &(struct sender_opts){ 0 }, &err), 0);
    longest[SENDER_URL_MAX] = 'x';
    CU_ASSERT_EQUAL(sender_check_url(longest, &(struct sender_opts){ 0 }, &err), HONE_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "at most"));
}

/* What receivers answer, and what is kept of it. */
static void answers(void)
{
    static const struct {
        int status;
        const char *body, *error, *response;
    } all[] = {
        { 200, "hi", "", "hi" },
        { 204, "", "", "" },
        { 299, "tab\tand\nline", "", "tab\tand\nline" },
        { 300, "", "answered 300; redirects are not followed", "" },
        { 399, "x", "answered 399; redirects are not followed", "x" },
        { 400, "bell \x07 delete \x7f", "answered 400", "bell ? delete ?" },
        { 503, "half \xc3 and \xff", "answered 503", "half ? and ?" },
    };
    const struct sender_opts o = { .allow_http = 1, .allow_private = 1, .timeout_ms = 60000 };
    char url[64];
    receiver_start();
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", receiver.port);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        receiver.status = all[i].status;
        receiver.answer = all[i].body;
        struct posted r = post(&o, url);
        CU_ASSERT_EQUAL(r.status, all[i].status);
        CU_ASSERT_STRING_EQUAL(r.error, all[i].error);
        CU_ASSERT_STRING_EQUAL(r.response, all[i].response);
        CU_ASSERT_EQUAL(r.retry_after_s, -1);
        CU_ASSERT_EQUAL(r.refused, 0);
    }
    receiver.answer = "hi";
    receiver.retry_after_s = 77;
    CU_ASSERT_EQUAL(post(&o, url).retry_after_s, 77);
    const struct sender_opts hurried = { .allow_http = 1, .allow_private = 1, .timeout_ms = 1 };
    receiver.hold_ms = 100;
    struct posted late = post(&hurried, url);
    CU_ASSERT_EQUAL(late.status, 0);
    CU_ASSERT_EQUAL(strncmp(late.error, "no answer within ", 17), 0);
    receiver.hold_ms = 0;
    const struct sender_opts no_authorities = { .allow_private = 1, .ca_file = "/nowhere/ca.pem", .timeout_ms = 60000 };
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", receiver.port);
    CU_ASSERT_PTR_NOT_NULL(strstr(post(&no_authorities, url).error, "/nowhere/ca.pem"));
    receiver_stop();
}

static void never_done(void *arg, const struct posted *r)
{
    (void)r;
    ++*(int *)arg;
}

/* Posts that are under way when the sender ends are given up without a word; one that cannot be made is told at once. */
static void given_up(void)
{
    const struct sender_opts o = { .allow_http = 1, .allow_private = 1, .timeout_ms = 60000 };
    char url[64], longest[600];
    int done = 0;
    receiver_start();
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", receiver.port);
    struct post p = { .url = url, .body = "{}", .id = "msg_1", .timestamp = 1, .signatures = "v1,x" };
    struct sender *s = sender_new(&o, &err);
    for (int i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(sender_post(s, &p, never_done, &done, &err), 0);
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    p.id = longest;
    CU_ASSERT_EQUAL(sender_post(s, &p, never_done, &done, &err), HONE_EIO);
    sender_free(s);
    CU_ASSERT_EQUAL(done, 0);
    sender_free(NULL);
    receiver_stop();
}

int test_sender(void)
{
    CU_pSuite suite = CU_add_suite("sender", NULL, NULL);
    int ok = suite && CU_add_test(suite, "signatures", signatures) && CU_add_test(suite, "kinds of addresses", kinds) &&
             CU_add_test(suite, "nothing inward", nothing_inward) && CU_add_test(suite, "no proxies", no_proxies) &&
             CU_add_test(suite, "good URLs", good_urls) && CU_add_test(suite, "what is said of URLs", why_urls) &&
             CU_add_test(suite, "answers", answers) && CU_add_test(suite, "given up", given_up);
    return ok ? 0 : -1;
}
