/* Frames: whole, in pieces, too long, not JSON, and with a partner that is gone, slow or silent. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/jobs/frame.h"
#include "tests/unit/suites.h"

static int fd[2];
static struct frame_reader in;
static struct hone_err err;

static void set_up(void)
{
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
    in = (struct frame_reader){ 0 };
    err = (struct hone_err){ 0 };
}

static void tear_down(void)
{
    frame_reader_free(&in);
    if (fd[0] >= 0)
        close(fd[0]);
    close(fd[1]);
}

static void hang_up(void)
{
    close(fd[0]);
    fd[0] = -1;
}

static void send_bytes(const void *bytes, size_t n)
{
    CU_ASSERT_EQUAL(write(fd[0], bytes, n), (ssize_t)n);
}

/* A payload with its length in front. */
static void send_text(const char *text)
{
    uint32_t n = (uint32_t)strlen(text);
    unsigned char head[4] = { (unsigned char)n, (unsigned char)(n >> 8), (unsigned char)(n >> 16),
                              (unsigned char)(n >> 24) };
    send_bytes(head, sizeof head);
    send_bytes(text, n);
}

static int next(int timeout_ms, const char *type)
{
    cJSON *f;
    int rc = frame_read(&in, fd[1], timeout_ms, &f, &err);
    CU_ASSERT_EQUAL(f != NULL, rc == 1);
    if (rc == 1)
        CU_ASSERT_STRING_EQUAL(json_str(f, "type", ""), type);
    cJSON_Delete(f);
    return rc;
}

static void round_trip(void)
{
    set_up();
    cJSON *o = cJSON_CreateObject(), *back;
    json_put_str(o, "type", "epoch");
    json_put_num(o, "loss", 0.1 + 0.2);
    json_put_num(o, "nan", NAN);
    json_put_str(o, "text", "\"\n\t\\ \xf0\x9f\x98\x80 \x01");
    CU_ASSERT_EQUAL(frame_send(fd[0], o, &err), 0);
    CU_ASSERT_EQUAL(frame_send(fd[0], o, &err), 0);
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL_FATAL(frame_read(&in, fd[1], 1000, &back, &err), 1);
        CU_ASSERT_EQUAL(json_num(back, "loss", 0), 0.1 + 0.2);
        CU_ASSERT_TRUE(cJSON_IsNull(json_get(back, "nan")));
        CU_ASSERT_STRING_EQUAL(json_str(back, "text", ""), json_str(o, "text", "x"));
        cJSON_Delete(back);
    }
    CU_ASSERT_EQUAL(next(0, ""), 0);
    cJSON_Delete(o);
    tear_down();
}

/* Any cut of the stream gives the same frames. */
static void cuts(void)
{
    static const char stream[] = "\x10\0\0\0{\"type\":\"beat1\"}\x0f\0\0\0{\"type\":\"go12\"}";
    for (size_t cut = 1; cut < sizeof stream - 1; cut++) {
        set_up();
        send_bytes(stream, cut);
        int first = next(0, "beat1");
        CU_ASSERT_EQUAL(first, cut >= 20);
        if (first)
            CU_ASSERT_EQUAL(next(0, ""), 0);
        send_bytes(stream + cut, sizeof stream - 1 - cut);
        if (!first)
            CU_ASSERT_EQUAL(next(0, "beat1"), 1);
        CU_ASSERT_EQUAL(next(0, "go12"), 1);
        CU_ASSERT_EQUAL(next(0, ""), 0);
        tear_down();
    }
}

static void bad_frames(void)
{
    static const char *const bad[] = {
        "", "null", "[]", "17", "{}", "{\"type\":3}", "{\"type\":\"\"}", "{\"type\":\"a\"", "{\"type\":\"a\"} x",
        "{\"type\":\"a\",\"type\":\"b\"}", "{\"type\":\"\xff\"}", "{\"type\":\"a\",\"x\":1e999}", "{type:\"a\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        set_up();
        send_text(bad[i]);
        CU_ASSERT_EQUAL(next(100, ""), ERR_CORRUPT);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "a frame is not "));
        tear_down();
    }
    set_up();
    send_bytes("\x01\0\0\x04{", 5);
    CU_ASSERT_EQUAL(next(100, ""), ERR_CORRUPT);
    CU_ASSERT_STRING_EQUAL(err.text, "a frame announces 67108865 bytes; at most 67108864 are allowed");
    tear_down();
}

static void gone(void)
{
    set_up();
    send_text("{\"type\":\"last\"}");
    hang_up();
    CU_ASSERT_EQUAL(next(-1, "last"), 1);
    CU_ASSERT_EQUAL(next(-1, ""), HONE_EIO);
    CU_ASSERT_STRING_EQUAL(err.text, "the other side closed the connection");
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "type", "x");
    CU_ASSERT_EQUAL(frame_send(fd[1], o, &err), HONE_EIO);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "is gone"));
    tear_down();
    set_up();
    send_bytes("\x10\0\0\0{\"ty", 8);
    hang_up();
    CU_ASSERT_EQUAL(next(-1, ""), HONE_EIO);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "in the middle of a frame"));
    tear_down();
    cJSON_Delete(o);
}

static void times(void)
{
    set_up();
    int64_t before = clock_mono_us();
    CU_ASSERT_EQUAL(next(60, ""), 0);
    int64_t waited = clock_mono_us() - before;
    CU_ASSERT_TRUE(waited >= 60000 && waited < 5000000);
    tear_down();
}

static void *slow_writer(void *text)
{
    for (const char *p = text; *p; p++) {
        struct timespec ms = { .tv_nsec = 1000000 };
        nanosleep(&ms, NULL);
        if (write(fd[0], p, 1) != 1)
            return "write";
    }
    return NULL;
}

/* A frame that comes byte by byte is awaited; one whose sender does not read blocks for the socket's time only. */
static void slow(void)
{
    pthread_t t;
    void *failed = NULL;
    set_up();
    send_bytes("\x1e\0\0\0", 4);
    char text[] = "{\"type\":\"slow\",\"a\":[1,2,3,45]}";
    CU_ASSERT_EQUAL(strlen(text), 0x1e);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&t, NULL, slow_writer, text), 0);
    CU_ASSERT_EQUAL(next(-1, "slow"), 1);
    pthread_join(t, &failed);
    CU_ASSERT_PTR_NULL(failed);
    struct timeval limit = { .tv_usec = 50000 };
    CU_ASSERT_EQUAL(setsockopt(fd[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit), 0);
    char *big = malloc(4 << 20);
    memset(big, 'a', (4 << 20) - 1);
    big[(4 << 20) - 1] = '\0';
    cJSON *o = cJSON_CreateObject();
    json_put_str(o, "type", "big");
    json_put_str(o, "text", big);
    CU_ASSERT_EQUAL(frame_send(fd[0], o, &err), HONE_EIO);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "does not read"));
    cJSON_Delete(o);
    free(big);
    tear_down();
}

static void *send_big(void *object)
{
    struct hone_err why;
    return frame_send(fd[0], object, &why) == 0 ? NULL : "send";
}

static void large(void)
{
    static const size_t sizes[] = { 65530, 65536, 200000, 5000000, FRAME_MAX - 24, FRAME_MAX };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        pthread_t t;
        void *failed = NULL;
        cJSON *o = cJSON_CreateObject(), *back;
        char *text = malloc(sizes[i] + 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(text);
        memset(text, 'x', sizes[i]);
        text[sizes[i]] = '\0';
        json_put_str(o, "type", "big");
        json_put_str(o, "t", text);
        set_up();
        if (sizes[i] == FRAME_MAX) {
            CU_ASSERT_EQUAL(frame_send(fd[0], o, &err), HONE_EINVAL);
            CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "at most 67108864 are allowed"));
        } else {
            CU_ASSERT_EQUAL_FATAL(pthread_create(&t, NULL, send_big, o), 0);
            CU_ASSERT_EQUAL_FATAL(frame_read(&in, fd[1], -1, &back, &err), 1);
            CU_ASSERT_STRING_EQUAL(json_str(back, "t", ""), text);
            cJSON_Delete(back);
            pthread_join(t, &failed);
            CU_ASSERT_PTR_NULL(failed);
        }
        tear_down();
        cJSON_Delete(o);
        free(text);
    }
}

int test_frame(void)
{
    CU_pSuite s = CU_add_suite("frame", NULL, NULL);
    int ok = s && CU_add_test(s, "round trip", round_trip) && CU_add_test(s, "cuts", cuts) &&
             CU_add_test(s, "bad frames", bad_frames) && CU_add_test(s, "gone", gone) &&
             CU_add_test(s, "times", times) && CU_add_test(s, "slow", slow) && CU_add_test(s, "large", large);
    return ok ? 0 : -1;
}
