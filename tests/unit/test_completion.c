/* Asking an endpoint for a chat completion: what it is asked, what becomes of each answer, and what is said of endpoints and keys that will not do. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/jobs/completion.h"
#include "tests/unit/receiver.h"
#include "tests/unit/suites.h"

#define MINUTE 60000

static struct hone_err err;
static char *text;

static int ask(const struct completion_policy *p, int (*stopped)(void *), void *arg)
{
    cJSON *request = cJSON_CreateObject();
    json_put_int(request, "seed", 7);
    free(text);
    err.text[0] = '\0';
    int rc = completion_ask(p, request, stopped, arg, &text, &err);
    cJSON_Delete(request);
    return rc;
}

static void said(const char *part)
{
    if (!strstr(err.text, part))
        printf("'%s' has no '%s'\n", err.text, part);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, part));
    CU_ASSERT_PTR_NULL(text);
}

static void endpoints(void)
{
    static const char *const bad[] = { "", "no address", "ftp://localhost/v1", "file:///etc/passwd", "http://", "http://[::1/v1" };
    CU_ASSERT_EQUAL(ask(&(struct completion_policy){ .tries = 1 }, NULL, NULL), HONE_EINVAL);
    said("set generate.endpoint");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CU_ASSERT_EQUAL(ask(&(struct completion_policy){ .endpoint = bad[i], .tries = 1 }, NULL, NULL), HONE_EINVAL);
        said("expected an address such as https://");
    }
    CU_ASSERT_EQUAL(ask(&(struct completion_policy){ .endpoint = "https://me@localhost/v1", .tries = 1 }, NULL, NULL), HONE_EINVAL);
    said("has a user name in it");
    CU_ASSERT_EQUAL(ask(&(struct completion_policy){ .endpoint = "http://example.com/v1", .key_file = "k", .tries = 1 }, NULL, NULL), HONE_EINVAL);
    said("would carry the key in clear; expected https");
}

/* A file of its own with that content and mode; its name. */
static const char *key_file(const char *content, mode_t mode)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/hone-unit-key.XXXXXX");
    int fd = mkstemp(path);
    CU_ASSERT_FATAL(fd >= 0 && file_write_all(fd, content, strlen(content)) == 0 && fchmod(fd, mode) == 0);
    close(fd);
    return path;
}

static void keys(void)
{
    static const char *const no_key[] = { "", "\nsecond", "two words\n", "tab\tbed" };
    static const char *const local[] = { "http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1", "https://127.0.0.1:1" };
    struct completion_policy p = { .endpoint = "http://localhost:1", .key_file = "/nowhere/key", .timeout_ms = MINUTE, .tries = 1 };
    CU_ASSERT_EQUAL(ask(&p, NULL, NULL), HONE_EINVAL);
    said("generate.keyFile");
    said("/nowhere/key");
    p.key_file = "/";
    CU_ASSERT_EQUAL(ask(&p, NULL, NULL), HONE_EINVAL);
    said("or is no file");
    p.key_file = key_file("key", 0640);
    CU_ASSERT_EQUAL(ask(&p, NULL, NULL), HONE_EINVAL);
    said("can be read by others");
    unlink(p.key_file);
    for (size_t i = 0; i < sizeof no_key / sizeof no_key[0]; i++) {
        p.key_file = key_file(no_key[i], 0600);
        CU_ASSERT_EQUAL(ask(&p, NULL, NULL), HONE_EINVAL);
        said("the first line of /tmp/hone-unit-key.");
        unlink(p.key_file);
    }
    p.key_file = key_file("sk-secret", 0600);
    for (size_t i = 0; i < sizeof local / sizeof local[0]; i++) { /* a key may go there: nobody listens, is all that is wrong */
        p.endpoint = local[i];
        CU_ASSERT_EQUAL(ask(&p, NULL, NULL), ERR_SERVER);
        said("cannot be asked, after 1 tries");
        CU_ASSERT_PTR_NULL(strstr(err.text, "sk-secret"));
    }
    unlink(p.key_file);
}

/* Each answer of an endpoint and what becomes of it. */
static const struct {
    int status;
    const char *body;
    int code;
    const char *said;
} answers[] = {
    { 200, "{\"choices\":[{\"message\":{\"content\":\"two\\nlines\"}}]}", 0, NULL },
    { 200, "{\"choices\":[]}", ERR_SERVER, "did not answer with a chat completion: choices[0].message.content is missing" },
    { 200, "{\"choices\":[{\"message\":{\"content\":7}}]}", ERR_SERVER, "choices[0].message.content is missing" },
    { 200, "", ERR_SERVER, "the body is empty" },
    { 200, "hi", ERR_SERVER, "did not answer with a chat completion: answer" },
    { 302, "", ERR_SERVER, "answered 302 after 1 tries: an empty body" },
    { 400, "{\"error\":\"no such model\"}", ERR_SERVER, "answered 400 after 1 tries: no such model" },
    { 401, "{\"error\":{\"message\":\"who\\nare you\"}}", ERR_AUTH, "refuses the key (401: who are you); generate.keyFile names" },
    { 403, "{\"message\":\"not\\u007f you\"}", ERR_AUTH, "refuses the key (403: not  you)" },
    { 404, "no \x01 page", ERR_SERVER, "answered 404 after 1 tries: no   page" },
    { 404, "half\xc3", ERR_SERVER, "answered 404 after 1 tries: half" },
    { 408, "", ERR_SERVER, "answered 408 after 1 tries" },
    { 429, "[1]", ERR_SERVER, "answered 429 after 1 tries: [1]" },
    { 500, "{}", ERR_SERVER, "answered 500 after 1 tries: {}" },
};

static void what_comes(void)
{
    char at[64];
    struct completion_policy p = { .endpoint = at, .model = "tester", .timeout_ms = MINUTE, .tries = 1 };
    receiver_start();
    snprintf(at, sizeof at, "http://127.0.0.1:%d/v1//", receiver.port);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        receiver.status = answers[i].status;
        receiver.answer = answers[i].body;
        CU_ASSERT_EQUAL(ask(&p, NULL, NULL), answers[i].code);
        if (answers[i].said)
            said(answers[i].said);
        else
            CU_ASSERT_STRING_EQUAL(text, "two\nlines");
    }
    CU_ASSERT_EQUAL(strncmp(receiver.head, "POST /v1/chat/completions HTTP/1.1\r\n", 36), 0);
    CU_ASSERT_PTR_NULL(strstr(receiver.head, "Authorization"));
    CU_ASSERT_PTR_NULL(strstr(receiver.head, "Expect"));
    CU_ASSERT_STRING_EQUAL(receiver.body, "{\"seed\":7,\"model\":\"tester\"}");
    char *page = malloc(401);
    memset(page, 'x', 400);
    page[400] = '\0';
    receiver.answer = page;
    CU_ASSERT_EQUAL(ask(&p, NULL, NULL), ERR_SERVER);
    CU_ASSERT_EQUAL(strspn(strstr(err.text, "tries: ") + 7, "x"), 120); /* of a page its beginning */
    receiver_stop();
    free(page);
}

static int never(void *asked)
{
    ++*(int *)asked;
    return 0;
}

static int at_once(void *unused)
{
    (void)unused;
    return 1;
}

static void again_or_not(void)
{
    char at[64];
    int asked = 0;
    struct completion_policy p = { .endpoint = at, .timeout_ms = MINUTE, .tries = 2 };
    receiver_start();
    snprintf(at, sizeof at, "http://127.0.0.1:%d", receiver.port);
    receiver.status = 503;
    receiver.retry_after_s = 1;
    p.key_file = key_file("sk-secret\r\nrest", 0600);
    int before = receiver.connects;
    CU_ASSERT_EQUAL(ask(&p, never, &asked), ERR_SERVER);
    said("answered 503 after 2 tries: hi");
    CU_ASSERT_EQUAL(receiver.connects - before, 2);
    CU_ASSERT(asked > 10); /* ten times in the second that the endpoint wants to be left alone */
    CU_ASSERT_PTR_NOT_NULL(strstr(receiver.head, "\r\nAuthorization: Bearer sk-secret\r\n"));
    unlink(p.key_file);
    p.key_file = NULL;
    receiver.status = 400;
    before = receiver.connects;
    CU_ASSERT_EQUAL(ask(&p, NULL, NULL), ERR_SERVER);
    said("answered 400 after 1 tries");
    CU_ASSERT_EQUAL(receiver.connects - before, 1);
    CU_ASSERT_EQUAL(ask(&p, at_once, NULL), ERR_INTERRUPTED);
    said("interrupted");
    p.timeout_ms = 1;
    p.tries = 1;
    receiver.hold_ms = 100;
    CU_ASSERT_EQUAL(ask(&p, NULL, NULL), ERR_SERVER);
    said("cannot be asked, after 1 tries");
    receiver_stop();
}

/* An authority's file that cannot be read is told before anything is sent. */
static void authorities(void)
{
    char at[64];
    const struct completion_policy p = { .endpoint = at, .ca_file = "/nowhere/ca.pem", .timeout_ms = MINUTE, .tries = 1 };
    receiver_start();
    snprintf(at, sizeof at, "https://127.0.0.1:%d", receiver.port);
    CU_ASSERT_EQUAL(ask(&p, NULL, NULL), ERR_SERVER);
    said("/nowhere/ca.pem");
    receiver_stop();
}

int test_completion(void)
{
    CU_pSuite s = CU_add_suite("completion", NULL, NULL);
    return s && CU_add_test(s, "endpoints", endpoints) && CU_add_test(s, "keys", keys) && CU_add_test(s, "what comes", what_comes) &&
           CU_add_test(s, "again or not", again_or_not) && CU_add_test(s, "authorities", authorities) ? 0 : -1;
}
