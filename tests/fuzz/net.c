/* Frames of workers, addresses that messages are posted to, reports that are verified. See fuzz.h. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "core/api/report_build.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/jobs/address.h"
#include "core/jobs/frame.h"
#include "core/jobs/sender.h"
#include "tests/fuzz/fuzz.h"

/* The frames of a stream that comes in pieces, printed one after the other; the code that ended it behind them. */
static void frames(const uint8_t *bytes, size_t n, size_t piece, struct buf *out)
{
    struct frame_reader r = { 0 };
    struct hone_err err = { 0 };
    cJSON *object = NULL;
    int pair[2], rc = 0, ended = 0;
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    for (size_t at = 0; rc >= 0 && !ended;) {
        size_t m = n - at < piece ? n - at : piece;
        if (m)
            REQUIRE(file_write_all(pair[0], bytes + at, m) == 0);
        else
            shutdown(pair[0], SHUT_WR);
        ended = m == 0;
        at += m;
        while ((rc = frame_read(&r, pair[1], 0, &object, &err)) == 1) {
            REQUIRE(*json_str(object, "type", ""));
            json_print(out, object, 0);
            cJSON_Delete(object);
        }
    }
    REQUIRE(rc < 0 && *err.text);
    buf_printf(out, "%d", rc);
    frame_reader_free(&r);
    close(pair[0]);
    close(pair[1]);
}

/* However a stream is cut, it has the same frames. */
static void frame(const uint8_t *bytes, size_t n)
{
    struct buf whole = { 0 }, cut = { 0 };
    if (n > 16384)
        return;
    frames(bytes, n, 4096, &whole);
    frames(bytes, n, n > 256 ? 61 : 3, &cut);
    REQUIRE(whole.n == cut.n && memcmp(whole.p, cut.p, whole.n) == 0);
    buf_free(&whole);
    buf_free(&cut);
}

/* A URL that is taken is https, and its host no address of this machine or its networks; whoever refuses it when much is allowed refuses it always. */
static void webhook_url(const uint8_t *bytes, size_t n)
{
    static const struct sender_opts strict = { 0 }, loose = { .allow_private = 1, .allow_http = 1 };
    struct hone_err err = { 0 };
    char *url = fuzz_string(bytes, n);
    int a = sender_check_url(url, &strict, &err);
    REQUIRE(a == 0 || *err.text);
    int b = sender_check_url(url, &loose, &err);
    REQUIRE(a != 0 || b == 0);
    if (a == 0) {
        struct sockaddr_in four = { .sin_family = AF_INET };
        struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
        REQUIRE(strncasecmp(url, "https:", 6) == 0 && !strchr(url, '\\'));
        char *host = url + 6 + strspn(url + 6, "/");
        REQUIRE(strcspn(host, "@") >= strcspn(host, "/?#")); /* nobody's name in front of the host */
        size_t length = strcspn(host, *host == '[' ? "]" : ":/?#");
        host[length] = '\0';
        if (inet_pton(AF_INET, host, &four.sin_addr) == 1)
            REQUIRE(address_kind((struct sockaddr *)&four) == ADDRESS_PUBLIC);
        if (*host == '[' && inet_pton(AF_INET6, host + 1, &six.sin6_addr) == 1)
            REQUIRE(address_kind((struct sockaddr *)&six) == ADDRESS_PUBLIC);
    }
    free(url);
}

/* The kind of an address, from its bytes: an IPv4 address and its mapped form are of one kind. */
static void address(const uint8_t *bytes, size_t n)
{
    struct sockaddr_in four = { .sin_family = AF_INET };
    struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
    if (n < 16)
        return;
    memcpy(&four.sin_addr, bytes, 4);
    memcpy(&six.sin6_addr, bytes, 16);
    enum address_kind kind = address_kind((struct sockaddr *)&six);
    REQUIRE(kind <= ADDRESS_FORBIDDEN);
    memset(&six.sin6_addr, 0, 16);
    memset(six.sin6_addr.s6_addr + 10, 0xff, 2);
    memcpy(six.sin6_addr.s6_addr + 12, bytes, 4);
    REQUIRE(address_kind((struct sockaddr *)&four) == address_kind((struct sockaddr *)&six));
    uint32_t ip = ntohl(four.sin_addr.s_addr);
    if (ip >> 24 == 127 || ip >> 24 == 10 || ip >> 24 == 0 || ip >> 16 == 0xc0a8 || ip >> 16 == 0xa9fe || ip >> 28 >= 14)
        REQUIRE(address_kind((struct sockaddr *)&four) != ADDRESS_PUBLIC);
}

/* A report that somebody brings to be verified: what stands behind "Made by", and its differences from one of ours. */
static void report(const uint8_t *bytes, size_t n)
{
    static const char *const format[] = { "markdown", "json", "html", "csv" };
    unsigned which = fuzz_choice(&bytes, &n, 4);
    char *text = fuzz_string(bytes, n);
    cJSON *ids = NULL, *asked = report_stamp_read(text, &ids);
    if (asked) {
        char *s = json_text(asked, 0);
        REQUIRE(s != NULL);
        free(s);
    }
    cJSON *differences = report_differences(format[which], text, text);
    REQUIRE(cJSON_GetArraySize(differences) == 0);
    cJSON_Delete(differences);
    differences = report_differences(format[which], text, "# Report\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n");
    cJSON_Delete(differences);
    cJSON_Delete(asked);
    cJSON_Delete(ids);
    free(text);
}

const struct fuzz_target fuzz_net[] = {
    { "frame", frame }, { "webhook_url", webhook_url }, { "address", address }, { "report", report }, { NULL, NULL },
};
