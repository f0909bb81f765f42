/* Tests of plugins/reports/markdown.c, linked into the test program. */
#include <CUnit/CUnit.h>
#define HONE_STATIC_NAME markdown_tested
#include "plugins/reports/markdown.c"
#include "tests/unit/reports.h"
#include "tests/unit/suites.h"

static const struct conf usual = { .digits = 4, .points = 3 };

#define REPORT(items) "{\"type\": \"a\", \"title\": \"T\", \"fields\": [], \"sections\": [{\"key\": \"s\", \"title\": \"S\", " \
                      "\"items\": [" items "]}]}"
#define TEXT(s) REPORT("{\"text\": \"" s "\"}")

static void expect(const char *tree, const char *body)
{
    struct kept k = { 0 };
    struct hone_err err = { 0 };
    CU_ASSERT(write_tree(&markdown, &usual, tree, &k, &err) == 0);
    const char *head = "# T\n\n## S\n\n", *got = buf_str(&k.text);
    CU_ASSERT(strncmp(got, head, strlen(head)) == 0);
    CU_ASSERT_STRING_EQUAL(got + strlen(head), body);
    buf_free(&k.text);
}

static void paragraphs(void)
{
    expect(TEXT("plain words"), "plain words\n\n");
    expect(TEXT("# no heading"), "\\# no heading\n\n");
    expect(TEXT("  12. no list"), "12\\. no list\n\n");
    expect(TEXT("12 apples"), "12 apples\n\n");
    expect(TEXT("- no item\\n# nor this"), "\\- no item # nor this\n\n");
    expect(TEXT("f1_score _is_ *not* `code` [x](y) a|b"),
           "f1_score \\_is\\_ \\*not\\* \\`code\\` \\[x\\](y) a\\|b\n\n");
    expect(TEXT("<script>alert(1)</script> &lt; \\u0007x"),
           "&lt;script\\>alert(1)&lt;/script\\> &amp;lt;  x\n\n");
}

static void tables(void)
{
    expect(REPORT("{\"table\": {\"key\": \"t\", \"title\": \"A table\", \"columns\": [{\"key\": \"o\", \"label\": \"Output\", "
                  "\"type\": \"text\"}, {\"key\": \"n\", \"label\": \"Recall\", \"type\": \"real\"}, {\"key\": \"k\", \"label\": "
                  "\"n\", \"type\": \"integer\"}], \"rows\": [[\"a|b\\nc\", 0.5, 12], [\"\xc3\xa4\xc3\xb6\", null, 3456], [\"\", "
                  "0.123456, null]]}}"),
           "**A table**\n\n"
           "| Output    | Recall |    n |\n"
           "| --------- | -----: | ---: |\n"
           "| a\\|b<br>c |    0.5 |   12 |\n"
           "| \xc3\xa4\xc3\xb6        |      \xe2\x80\x93 | 3456 |\n"
           "|           | 0.1235 |    \xe2\x80\x93 |\n\n");
}

static void values_and_series(void)
{
    expect(REPORT("{\"values\": [{\"key\": \"a\", \"label\": \"Done\", \"type\": \"boolean\", \"value\": true}, {\"key\": \"b\", "
                  "\"label\": \"Size\", \"type\": \"real\", \"value\": 123456.75}]}"),
           "| Name | Value  |\n| ---- | ------ |\n| Done | yes    |\n| Size | 123457 |\n\n");
    expect(REPORT("{\"series\": {\"key\": \"l\", \"title\": \"Loss\", \"x\": [1, 2, 3, 4, 5], \"y\": [9, 8, 7, 6, 0.00001]}}"),
           "**Loss**\n\n|   x |     y |\n| --: | ----: |\n|   1 |     9 |\n|   3 |     7 |\n|   5 | 1e-05 |\n\n"
           "3 of 5 points are shown.\n\n");
}

static void numbers(void)
{
    static const struct {
        double v;
        const char *text;
    } cases[] = { { 0, "0" }, { 1, "1" }, { 85.5, "85.5" }, { 0.87126, "0.8713" }, { -0.5, "-0.5" }, { 1e20, "1e+20" },
                  { 0.000123456, "0.0001235" }, { 100000, "100000" }, { 0.99999, "1" }, { INFINITY, "infinite" } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text t = { 0 };
        text_real(&t, cases[i].v, 4);
        CU_ASSERT_STRING_EQUAL(t.s, cases[i].text);
        free(t.s);
    }
}

static void full_disk(void)
{
    struct kept k = { .refuse = 1 };
    struct hone_err err = { 0 };
    CU_ASSERT(write_tree(&markdown, &usual, TEXT("x"), &k, &err) == HONE_EIO);
    CU_ASSERT_STRING_EQUAL(err.text, "the disk is full");
}

int test_report_markdown(void)
{
    CU_pSuite s = CU_add_suite("report markdown", NULL, NULL);
    if (!s || !CU_add_test(s, "paragraphs are escaped", paragraphs) || !CU_add_test(s, "tables are aligned and safe", tables) ||
        !CU_add_test(s, "values and curves", values_and_series) || !CU_add_test(s, "numbers", numbers) ||
        !CU_add_test(s, "a sink that fails", full_disk))
        return -1;
    return 0;
}
