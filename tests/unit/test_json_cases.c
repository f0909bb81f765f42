/* The classes of the JSONTestSuite, as texts and as files, and the limits on depth and size. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/base/file.h"
#include "core/base/json.h"
#include "tests/unit/json_cases.h"
#include "tests/unit/suites.h"

static void judge(const struct json_case *c, cJSON *v, const struct hone_err *err, const char *how)
{
    int right = c->verdict == TAKEN ? v != NULL : !v && err->code == HONE_EINVAL && (c->verdict != BY_RULE || strstr(err->text, c->why));
    if (!right)
        printf("%s, %s: %s\n", c->what, how, v ? "taken" : err->text);
    CU_ASSERT_TRUE(right);
    cJSON_Delete(v);
}

static void each(const struct json_case *c, size_t n)
{
    char path[] = "/tmp/hone-json-XXXXXX";
    int fd = mkstemp(path);
    CU_ASSERT_TRUE_FATAL(fd >= 0);
    for (size_t i = 0; i < n; i++) {
        struct hone_err err = { 0 };
        char *copy = malloc(c[i].n ? c[i].n : 1); /* without anything behind, so that a sanitizer sees who reads on */
        memcpy(copy, c[i].text, c[i].n);
        judge(&c[i], json_parse(copy, c[i].n, "text", &err), &err, "as a text");
        free(copy);
        CU_ASSERT_TRUE(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0 && file_write_all(fd, c[i].text, c[i].n) == 0);
        judge(&c[i], json_parse_file(path, 1 << 20, &err), &err, "as a file");
    }
    close(fd);
    unlink(path);
}

static void sound(void)
{
    CU_ASSERT_EQUAL(JSON_CASES(json_sound), 95);
    each(json_sound, JSON_CASES(json_sound));
}

static void broken(void)
{
    CU_ASSERT_EQUAL(JSON_CASES(json_broken), 188);
    each(json_broken, JSON_CASES(json_broken));
}

static void either(void)
{
    each(json_either, JSON_CASES(json_either));
}

/* Opening and closing of arrays, so many deep. */
static cJSON *deep(size_t depth, size_t close, struct hone_err *err)
{
    char *text = malloc(2 * depth + 1);
    memset(text, '[', depth);
    memset(text + depth, ']', close);
    cJSON *v = json_parse(text, depth + close, "text", err);
    free(text);
    return v;
}

static void limits(void)
{
    struct hone_err err = { 0 };
    cJSON *v = deep(JSON_MAX_DEPTH, JSON_MAX_DEPTH, &err);
    CU_ASSERT_PTR_NOT_NULL(v);
    cJSON_Delete(v);
    CU_ASSERT_PTR_NULL(deep(JSON_MAX_DEPTH + 1, JSON_MAX_DEPTH + 1, &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "nested more than 64 deep"));
    CU_ASSERT_PTR_NULL(deep(500, 500, &err));
    CU_ASSERT_PTR_NULL(deep(100000, 0, &err));
    char path[] = "/tmp/hone-json-XXXXXX";
    int fd = mkstemp(path);
    CU_ASSERT_TRUE(fd >= 0 && file_write_all(fd, "[12345678]", 10) == 0);
    v = json_parse_file(path, 10, &err);
    CU_ASSERT_PTR_NOT_NULL(v);
    cJSON_Delete(v);
    CU_ASSERT_PTR_NULL(json_parse_file(path, 9, &err));
    close(fd);
    unlink(path);
}

int test_json_cases(void)
{
    CU_pSuite s = CU_add_suite("json_cases", NULL, NULL);
    return s && CU_add_test(s, "all that every reader takes", sound) && CU_add_test(s, "all that none may take", broken) &&
           CU_add_test(s, "what is left to the reader", either) && CU_add_test(s, "depth and size", limits) ? 0 : -1;
}
