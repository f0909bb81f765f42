/* Tests of plugins/reports/json.c, linked into the test program. */
#include <CUnit/CUnit.h>
#define HONE_STATIC_NAME json_tested
#include "plugins/reports/json.c"
#include "tests/unit/reports.h"
#include "tests/unit/suites.h"

static const char tree_text[] =
    "{\"type\": \"single_job\", \"title\": \"A \\\"job\\\"\", \"fields\": [{\"key\": \"id\", \"label\": \"Id\", \"type\": \"text\", "
    "\"value\": \"tab\\there\"}], \"sections\": [{\"key\": \"s\", \"title\": \"S\", \"items\": [{\"values\": [{\"key\": \"x\", "
    "\"label\": \"X\", \"type\": \"real\", \"value\": 0.1}, {\"key\": \"y\", \"label\": \"Y\", \"type\": \"real\", \"value\": "
    "null}, {\"key\": \"z\", \"label\": \"Z\", \"type\": \"boolean\", \"value\": false}]}, {\"table\": {\"key\": \"t\", \"title\": "
    "\"\", \"columns\": [{\"key\": \"a\", \"label\": \"A\", \"type\": \"integer\"}], \"rows\": [[7], [null]]}}, {\"section\": "
    "{\"key\": \"in\", \"title\": \"In\", \"items\": [{\"series\": {\"key\": \"l\", \"title\": \"L\", \"x\": [1], \"y\": "
    "[0.30000000000000004]}}, {\"text\": \"back\\\\slash \\u0001 \xc3\xa4\"}]}}]}]}";

static void compact(void)
{
    struct conf conf = { .indent = 0 };
    struct kept k = { 0 };
    struct hone_err err = { 0 };
    CU_ASSERT(write_tree(&json, &conf, tree_text, &k, &err) == 0);
    CU_ASSERT_STRING_EQUAL(buf_str(&k.text),
                           "{\"type\":\"single_job\",\"title\":\"A \\\"job\\\"\",\"fields\":{\"id\":\"tab\\there\"},\"sections\":["
                           "{\"key\":\"s\",\"title\":\"S\",\"items\":[{\"values\":{\"x\":0.1,\"y\":null,\"z\":false}},"
                           "{\"table\":{\"key\":\"t\",\"title\":\"\",\"columns\":[{\"key\":\"a\",\"label\":\"A\"}],"
                           "\"rows\":[[7],[null]]}},{\"section\":{\"key\":\"in\",\"title\":\"In\",\"items\":[{\"series\":{"
                           "\"key\":\"l\",\"title\":\"L\",\"x\":[1],\"y\":[0.30000000000000004]}},"
                           "{\"text\":\"back\\\\slash \\u0001 \xc3\xa4\"}]}}]}]}\n");
    buf_free(&k.text);
}

/* Indented or not, it is strict JSON and the same value. */
static void indented(void)
{
    struct kept a = { 0 }, b = { 0 };
    struct hone_err err = { 0 };
    CU_ASSERT(write_tree(&json, &(struct conf){ .indent = 0 }, tree_text, &a, &err) == 0);
    CU_ASSERT(write_tree(&json, &(struct conf){ .indent = 3 }, tree_text, &b, &err) == 0);
    cJSON *x = json_parse(buf_str(&a.text), a.text.n, "compact", &err), *y = json_parse(buf_str(&b.text), b.text.n, "wide", &err);
    CU_ASSERT_PTR_NOT_NULL(x);
    CU_ASSERT_PTR_NOT_NULL(y);
    CU_ASSERT(x && y && cJSON_Compare(x, y, 1));
    CU_ASSERT_PTR_NOT_NULL(strstr(buf_str(&b.text), "\n   \"type\": \"single_job\""));
    cJSON_Delete(x);
    cJSON_Delete(y);
    buf_free(&a.text);
    buf_free(&b.text);
}

static void full_disk(void)
{
    struct kept k = { .refuse = 1 };
    struct hone_err err = { 0 };
    CU_ASSERT(write_tree(&json, &(struct conf){ .indent = 2 }, tree_text, &k, &err) == HONE_EIO);
    CU_ASSERT_STRING_EQUAL(err.text, "the disk is full");
}

int test_report_json(void)
{
    CU_pSuite s = CU_add_suite("report json", NULL, NULL);
    if (!s || !CU_add_test(s, "compact", compact) || !CU_add_test(s, "indented", indented) ||
        !CU_add_test(s, "a sink that fails", full_disk))
        return -1;
    return 0;
}
