/* Times as people read them, identifiers, and the tables of error codes. */
#include <CUnit/CUnit.h>
#include <errno.h>
#include <string.h>
#include "core/base/clock.h"
#include "core/base/err.h"
#include "tests/unit/suites.h"

static void dates(void)
{
    static const struct { int64_t ms; const char *text; } rows[] = {
        { 0, "1970-01-01T00:00:00.000Z" }, { -1, "1969-12-31T23:59:59.999Z" }, { 951782400000, "2000-02-29T00:00:00.000Z" },
        { 1767225599999, "2025-12-31T23:59:59.999Z" }, { 4102444800007, "2100-01-01T00:00:00.007Z" },
    };
    char text[25];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        clock_rfc3339(rows[i].ms, text);
        CU_ASSERT_STRING_EQUAL(text, rows[i].text);
    }
    CU_ASSERT(clock_wall_ms() > 1577836800000);
    int64_t before = clock_mono_us();
    CU_ASSERT(clock_mono_us() >= before);
}

static void durations(void)
{
    static const struct { double s; const char *text; } rows[] = {
        { 0, "0 ms" }, { 0.85, "850 ms" }, { 0.9996, "1.0 s" }, { 3.2, "3.2 s" }, { 59.94, "59.9 s" }, { 59.96, "1 min 00 s" },
        { 125, "2 min 05 s" }, { 3599.4, "59 min 59 s" }, { 3599.6, "1 h 00 min" }, { 3720, "1 h 02 min" },
        { 7199, "2 h 00 min" }, { 360000, "100 h 00 min" }, { -1, "?" },
    };
    char text[32];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        clock_human(rows[i].s, text);
        CU_ASSERT_STRING_EQUAL(text, rows[i].text);
    }
}

static void identifiers(void)
{
    char a[32], b[32], small[8];
    id_new("job", a, sizeof a);
    CU_ASSERT_EQUAL(strlen(a), 20);
    CU_ASSERT_EQUAL(strncmp(a, "job_", 4), 0);
    CU_ASSERT_EQUAL(strspn(a + 4, "0123456789abcdefghjkmnpqrstvwxyz"), 16);
    int64_t ms = clock_wall_ms();
    while (clock_wall_ms() == ms)
        ;
    id_new("job", b, sizeof b);
    CU_ASSERT(strcmp(a, b) < 0);
    for (int i = 0; i < 1000; i++) { /* many a millisecond */
        id_new("job", a, sizeof a);
        CU_ASSERT(strcmp(b, a) < 0);
        memcpy(b, a, sizeof b);
    }
    id_new("job", small, sizeof small);
    CU_ASSERT_EQUAL(strlen(small), 7);
}

static void error_tables(void)
{
    static const struct { int code, exit; const char *api; } rows[] = {
        { 0, 0, NULL }, { 5, 0, NULL }, { HONE_EINVAL, 3, "VALIDATION_ERROR" }, { HONE_ENOMEM, 1, "SERVER_ERROR" },
        { HONE_EIO, 1, "SERVER_ERROR" }, { HONE_EDIVERGED, 1, "SERVER_ERROR" }, { ERR_NOT_FOUND, 4, "NOT_FOUND" },
        { ERR_CONFLICT, 5, "CONFLICT" }, { ERR_PRECONDITION, 8, "PRECONDITION_FAILED" }, { ERR_QUOTA, 7, "QUOTA_EXCEEDED" },
        { ERR_AUTH, 6, "UNAUTHORIZED" }, { ERR_USAGE, 2, "VALIDATION_ERROR" }, { ERR_JOB_FAILED, 10, "SERVER_ERROR" },
        { ERR_SERVER, 9, "SERVER_ERROR" }, { ERR_NOT_BETTER, 11, "SERVER_ERROR" }, { ERR_FULL, 1, "SERVER_ERROR" }, { ERR_INTERRUPTED, 130, "SERVER_ERROR" },
        { ERR_CORRUPT, 1, "SERVER_ERROR" }, { -1000, 1, "SERVER_ERROR" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CU_ASSERT_EQUAL(err_exit_code(rows[i].code), rows[i].exit);
        if (rows[i].api)
            CU_ASSERT_STRING_EQUAL(err_api_code(rows[i].code), rows[i].api);
    }
}

static void error_texts(void)
{
    struct hone_err e = { 0 };
    CU_ASSERT_EQUAL(hone_fail(&e, HONE_EINVAL, "lr is %d", 3), HONE_EINVAL);
    CU_ASSERT_EQUAL(err_prefix(&e, "file %s", "x.conf"), HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(e.text, "file x.conf: lr is 3");
    for (int i = 0; i < 100; i++)
        err_prefix(&e, "%s", "long prefix");
    CU_ASSERT_EQUAL(strlen(e.text), sizeof e.text - 1);
    e = (struct hone_err){ 0 };
    CU_ASSERT_EQUAL(err_prefix(&e, "plugin"), ERR_PLUGIN);
    CU_ASSERT_STRING_EQUAL(e.text, "plugin: failed without saying why");
    errno = ENOENT;
    CU_ASSERT_EQUAL(err_errno(&e, "open", "/a/b"), HONE_EIO);
    CU_ASSERT_STRING_EQUAL(e.text, "/a/b: cannot open: No such file or directory");
    static const int gone[] = { ENOENT, ENOTDIR, EACCES };
    for (int i = 0; i < 3; i++) {
        errno = gone[i];
        CU_ASSERT_EQUAL(err_open(&e, "/a/b"), i < 2 ? ERR_NOT_FOUND : HONE_EIO);
        CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "/a/b: cannot open: "));
    }
    errno = ENOSPC;
    CU_ASSERT_EQUAL(err_errno(&e, "write", "/a/b"), ERR_FULL);
    CU_ASSERT_EQUAL(hone_fail(NULL, HONE_EIO, "nobody listens"), HONE_EIO);
}

int test_clock(void)
{
    CU_pSuite s = CU_add_suite("clock", NULL, NULL);
    return s && CU_add_test(s, "dates", dates) && CU_add_test(s, "durations", durations)
           && CU_add_test(s, "identifiers", identifiers) && CU_add_test(s, "tables of errors", error_tables)
           && CU_add_test(s, "texts of errors", error_texts) ? 0 : -1;
}
