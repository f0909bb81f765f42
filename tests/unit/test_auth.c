/* Limits on requests, of a token and of a tenant. Tokens themselves: tests/api/secrets.sh and tenants.sh. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/http/auth.h"
#include "tests/unit/suites.h"

static struct hone_err err;

/* "a1" is the first token of tenant a. */
static int identify(void *arg, const char *token, size_t n, struct http_identity *out, struct hone_err *e)
{
    ++*(int *)arg;
    snprintf(out->token_id, sizeof out->token_id, "%.*s", (int)n, token);
    snprintf(out->tenant, sizeof out->tenant, "%c", token[0]);
    return n == 2 ? 0 : hone_fail(e, ERR_AUTH, "unknown");
}

/* The status, and the seconds to wait, as one number. */
static int asks(struct auth *a, const char *token, int64_t now, int *left)
{
    struct http_identity who;
    struct auth_left l;
    const struct http_address from = { { 1 } };
    char line[32];
    int wait = -1;
    snprintf(line, sizeof line, "Bearer %s", token);
    int status = auth_check(a, line, &from, now, &who, &l, &wait, &err);
    *left = l.policy ? l.left : -1;
    return status * 1000 + wait;
}

/* As many as the limit in any minute that begins with a request, one more is told how long to wait, to the second, and then is taken; also when
 * the token stayed away, so that it had to be identified again, or others came in between. */
static void requests_counted(void)
{
    int calls = 0, left;
    const struct http_program program = { .arg = &calls, .identify = identify };
    struct http_config c;
    struct auth *a = malloc(sizeof *a);
    CU_ASSERT_PTR_NOT_NULL_FATAL(a);
    http_config_default(&c);
    c.requests_per_minute = 3;
    c.tenant_requests_per_minute = 5;
    auth_init(a, &program, &c);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(asks(a, "a1", 1000 + 10000 * i, &left), 0);
        CU_ASSERT_EQUAL(left, 2 - i);
    }
    CU_ASSERT_EQUAL(calls, 3);
    CU_ASSERT_EQUAL(asks(a, "a1", 21001, &left), 429040);
    CU_ASSERT_EQUAL(left, 0);
    CU_ASSERT_EQUAL(asks(a, "a1", 60999, &left), 429001);
    CU_ASSERT_EQUAL(asks(a, "b1", 21001, &left), 0);
    CU_ASSERT_EQUAL(asks(a, "a2", 21001, &left), 0);
    CU_ASSERT_EQUAL(asks(a, "a2", 21002, &left), 0);
    CU_ASSERT_EQUAL(asks(a, "a2", 21003, &left), 429040); /* the tenant's */
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "5 requests a minute came of this tenant"));
    CU_ASSERT_EQUAL(asks(a, "a1", 61000, &left), 0);
    CU_ASSERT_EQUAL(asks(a, "a2", 61000, &left), 0); /* its own minute still runs: the third of it */
    CU_ASSERT_EQUAL(asks(a, "a2", 61001, &left), 429020);
    auth_free(a);
    c.requests_per_minute = c.tenant_requests_per_minute = 0;
    auth_init(a, &program, &c);
    for (int i = 0; i < 1000; i++)
        CU_ASSERT_EQUAL(asks(a, "a1", 1000, &left), 0);
    CU_ASSERT_EQUAL(left, -1);
    auth_free(a);
    free(a);
}

int test_auth(void)
{
    CU_pSuite suite = CU_add_suite("auth", NULL, NULL);
    return suite && CU_add_test(suite, "requests are counted", requests_counted) ? 0 : -1;
}
