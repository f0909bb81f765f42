/* Strict JSON: what is refused, and where; trees and numbers that read back bit for bit; what a tree must never hold. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "tests/unit/suites.h"

static void accepted(void)
{
    static const char *const good[] = { "0", "-0.5e-3", "\"\"", "[]", "{}", "[1,[2,{\"a\":null}]]", " \t\r\n true ", "\"\\u00e4\\ud83d\\ude00\"",
                                        "{\"a\":1,\"b\":1}", "1e308", "123456789012345678901234567890" };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct json_fault f;
        CU_ASSERT_EQUAL(json_check(good[i], strlen(good[i]), &f), 0);
    }
}

static void refused(void)
{
    static const struct {
        const char *text;
        int64_t line, column;
    } bad[] = {
        { "", 1, 1 }, { "{", 1, 2 }, { "[1,]", 1, 4 }, { "{\"a\":1,}", 1, 8 }, { "01", 1, 2 }, { "1.", 1, 1 }, { "+1", 1, 1 }, { ".5", 1, 1 },
        { "nan", 1, 1 }, { "Infinity", 1, 1 }, { "True", 1, 1 }, { "'a'", 1, 1 }, { "\"a", 1, 1 }, { "\"\\x\"", 1, 3 }, { "\"\\ud800\"", 1, 2 },
        { "\"a\nb\"", 1, 3 }, { "[1 2]", 1, 4 }, { "{\"a\" 1}", 1, 6 }, { "{a:1}", 1, 2 }, { "1 1", 1, 3 }, { "[\n1,\n x]", 3, 2 },
        { "1e999", 1, 1 }, { "\xef\xbb\xbf" "1", 1, 1 }, { "// 1\n1", 1, 1 }, { "{\"a\":1,\"a\":2}", 1, 8 },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct json_fault f = { 0 };
        int rc = json_check(bad[i].text, strlen(bad[i].text), &f);
        if (rc != HONE_EINVAL || f.line != bad[i].line || llabs(f.column - bad[i].column) > 1 || !f.why[0])
            printf("'%s': code %d at %lld:%lld, expected about %lld:%lld: %s\n", bad[i].text, rc, (long long)f.line, (long long)f.column,
                   (long long)bad[i].line, (long long)bad[i].column, f.why);
        CU_ASSERT_EQUAL(rc, HONE_EINVAL);
        CU_ASSERT_EQUAL(f.line, bad[i].line);
        CU_ASSERT(llabs(f.column - bad[i].column) <= 1);
        CU_ASSERT(f.why[0] != '\0');
    }
    struct json_fault f;
    CU_ASSERT_EQUAL(json_check("\"a\0b\"", 5, &f), HONE_EINVAL);
    CU_ASSERT_EQUAL(json_check("\"\xff\"", 3, &f), HONE_EINVAL);
    char deep[200];
    memset(deep, '[', 100);
    memset(deep + 100, ']', 100);
    CU_ASSERT_EQUAL(json_check(deep, 200, &f), HONE_EINVAL);
    memset(deep + JSON_MAX_DEPTH, ']', JSON_MAX_DEPTH);
    CU_ASSERT_EQUAL(json_check(deep, 2 * JSON_MAX_DEPTH, &f), 0);
}

static void numbers(void)
{
    static const double v[] = { 0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, 123456789.123456789, 9007199254740993.0, 1e21, 3 };
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < sizeof v / sizeof v[0]; i++)
        cJSON_AddItemToArray(list, cJSON_CreateNumber(v[i]));
    char *text = json_text(list, 0);
    struct hone_err err = { 0 };
    cJSON *back = json_parse(text, strlen(text), "numbers", &err);
    for (size_t i = 0; i < sizeof v / sizeof v[0]; i++)
        CU_ASSERT_EQUAL(memcmp(&v[i], &cJSON_GetArrayItem(back, (int)i)->valuedouble, sizeof v[i]), 0);
    free(text);
    cJSON_Delete(list);
    cJSON_Delete(back);
}

/* Texts of plugins and file names may be anything; the tree stays JSON. */
static void building(void)
{
    cJSON *o = cJSON_CreateObject();
    json_put_num(o, "nan", NAN);
    json_put_num(o, "inf", INFINITY);
    json_put_str(o, "null", NULL);
    json_put_str(o, "bytes", "a\xff" "b\xc3");
    json_put_int(o, "n", 1);
    json_put_int(o, "n", 2);
    char *text = json_text(o, 0);
    CU_ASSERT_STRING_EQUAL(text, "{\"nan\":null,\"inf\":null,\"null\":null,\"bytes\":\"a?b?\",\"n\":2}");
    free(text);
    CU_ASSERT_EQUAL(json_int(o, "n", 0), 2);
    CU_ASSERT_EQUAL(json_int(o, "bytes", 7), 7);
    CU_ASSERT_STRING_EQUAL(json_str(o, "n", "dflt"), "dflt");
    CU_ASSERT_PTR_NULL(json_get(NULL, "n"));
    cJSON *list = json_put(o, "list", cJSON_CreateArray());
    CU_ASSERT_PTR_NOT_NULL(list);
    CU_ASSERT_PTR_EQUAL(json_get(o, "list"), list);
    CU_ASSERT_PTR_NULL(json_put(NULL, "list", cJSON_CreateArray())); /* and it is gone, which a sanitizer looks after */
    CU_ASSERT_PTR_NULL(json_put(o, "none", NULL));
    cJSON_Delete(o);
    static const struct { const char *text; char by; const char *list; } words[] = {
        { "a,bc", ',', "[\"a\",\"bc\"]" }, { ",a,, b ,", ',', "[\"a\",\" b \"]" }, { "  x y", ' ', "[\"x\",\"y\"]" }, { "", ',', "[]" }, { ",,", ',', "[]" }, { "a,b", ':', "[\"a,b\"]" },
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        cJSON *split = json_words(words[i].text, words[i].by);
        text = json_text(split, 0);
        CU_ASSERT_STRING_EQUAL(text, words[i].list);
        free(text);
        cJSON_Delete(split);
    }
    CU_ASSERT_EQUAL(json_lost(), 0);
    json_note_loss();
    CU_ASSERT_EQUAL(json_lost(), 1);
    CU_ASSERT_EQUAL(json_lost(), 0);
    struct hone_err err = { 0 };
    CU_ASSERT_PTR_NULL(json_parse("{\"a\":\n tru}", 11, "file.json", &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "file.json:2:"));
}

int test_json(void)
{
    CU_pSuite s = CU_add_suite("json", NULL, NULL);
    return s && CU_add_test(s, "accepted", accepted) && CU_add_test(s, "refused", refused) && CU_add_test(s, "numbers", numbers)
           && CU_add_test(s, "building", building) ? 0 : -1;
}
