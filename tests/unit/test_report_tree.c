/* Tests of core/judge/report_tree.c: the order and content of records, and the faults of trees. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/buf.h"
#include "core/base/json.h"
#include "core/judge/report_tree.h"
#include "tests/unit/suites.h"

static const char good[] =
    "{\"type\": \"single_job\", \"title\": \"Job 1\","
    " \"fields\": [{\"key\": \"job_id\", \"label\": \"Job\", \"type\": \"text\", \"value\": \"job_1\"}],"
    " \"sections\": [{\"key\": \"summary\", \"title\": \"Summary\", \"items\": ["
    "  {\"text\": \"All went well.\"},"
    "  {\"values\": [{\"key\": \"accuracy\", \"label\": \"Accuracy\", \"type\": \"real\", \"value\": 0.5},"
    "   {\"key\": \"rows\", \"label\": \"Rows\", \"type\": \"integer\", \"value\": 12},"
    "   {\"key\": \"best\", \"label\": \"Best\", \"type\": \"boolean\", \"value\": true},"
    "   {\"key\": \"cost\", \"label\": \"Cost\", \"type\": \"integer\", \"value\": null}]},"
    "  {\"section\": {\"key\": \"inner\", \"title\": \"Inner\", \"items\": ["
    "   {\"table\": {\"key\": \"t\", \"title\": \"T\", \"columns\": [{\"key\": \"a\", \"label\": \"A\", \"type\": \"text\"},"
    "     {\"key\": \"b\", \"label\": \"B\", \"type\": \"real\"}], \"rows\": [[\"x\", 1.5], [null, null]]}}]}},"
    "  {\"series\": {\"key\": \"loss\", \"title\": \"Loss\", \"x\": [1, 2], \"y\": [0.5, null]}}]},"
    " {\"key\": \"empty\", \"title\": \"Empty\", \"items\": []}]}";

static void write_field(struct buf *b, const struct hone_field *f)
{
    buf_printf(b, "%s=", f->key);
    if (f->type == HONE_STR)
        buf_printf(b, "'%s' ", f->v.str ? f->v.str : "");
    else if (f->type == HONE_REAL && isnan(f->v.real))
        buf_puts(b, "? ");
    else if (f->type == HONE_REAL)
        buf_printf(b, "%g ", f->v.real);
    else
        buf_printf(b, "%s%lld ", f->type == HONE_INT ? "i" : "b", (long long)f->v.integer);
}

/* Writes each record down; refuses the record number `fail_at`. */
struct writer {
    struct buf text;
    int n, fail_at;
};

static int write_record(void *self, const struct hone_record *r, struct hone_err *err)
{
    static const char *const names[] = { "?", "BEGIN", "SECTION", "SECTION_END", "VALUES", "TEXT", "TABLE", "ROW", "TABLE_END",
                                         "SERIES", "END" };
    struct writer *w = self;
    if (++w->n == w->fail_at)
        return hone_fail(err, HONE_EIO, "refused");
    buf_printf(&w->text, "%s/%u %s ", names[r->type], r->level, r->key ? r->key : "-");
    for (uint32_t i = 0; i < r->n_fields && r->type != HONE_REC_TABLE; i++)
        write_field(&w->text, &r->fields[i]);
    for (int64_t i = 0; i < r->n; i++)
        buf_printf(&w->text, "(%g %g)", r->x[i], isnan(r->y[i]) ? -1 : r->y[i]);
    buf_puts(&w->text, r->text ? r->text : "");
    buf_puts(&w->text, "\n");
    return 0;
}

static void records(void)
{
    struct hone_err err = { 0 };
    struct writer w = { 0 };
    cJSON *tree = json_parse(good, strlen(good), "tree", &err);
    CU_ASSERT(report_tree_feed(tree, write_record, &w, &err) == 0);
    CU_ASSERT_STRING_EQUAL(buf_str(&w.text),
                           "BEGIN/0 single_job job_id='job_1' \n"
                           "SECTION/1 summary \n"
                           "TEXT/1 - All went well.\n"
                           "VALUES/1 - accuracy=0.5 rows=i12 best=b1 cost=? \n"
                           "SECTION/2 inner \n"
                           "TABLE/2 t \n"
                           "ROW/2 - a='x' b=1.5 \n"
                           "ROW/2 - a=? b=? \n"
                           "TABLE_END/2 - \n"
                           "SECTION_END/2 - \n"
                           "SERIES/1 loss (1 0.5)(2 -1)\n"
                           "SECTION_END/1 - \n"
                           "SECTION/1 empty \n"
                           "SECTION_END/1 - \n"
                           "END/0 - \n");
    buf_free(&w.text);
    cJSON_Delete(tree);
}

/* A refusal at any record ends the stream there. */
static void refusal(void)
{
    cJSON *tree = json_parse(good, strlen(good), "tree", NULL);
    for (int at = 1; at <= 15; at++) {
        struct hone_err err = { 0 };
        struct writer w = { .fail_at = at };
        CU_ASSERT(report_tree_feed(tree, write_record, &w, &err) == HONE_EIO);
        CU_ASSERT(w.n == at);
        buf_free(&w.text);
    }
    cJSON_Delete(tree);
}

#define SECTION(item) "{\"type\": \"a\", \"title\": \"A\", \"fields\": [], \"sections\": [{\"key\": \"s\", \"title\": \"S\", " \
                      "\"items\": [" item "]}]}"

static void faults(void)
{
    static const struct {
        const char *tree, *says;
    } bad[] = {
        { "[]", "report: must be an object" },
        { "{\"title\": \"A\"}", "report/type: must be a text" },
        { "{\"type\": \"A b\", \"title\": \"A\", \"fields\": [], \"sections\": []}", "report/type: must be a name" },
        { "{\"type\": \"a\", \"title\": \"A\", \"fields\": [], \"sections\": {}}", "report/sections: must be a list" },
        { "{\"type\": \"a\", \"title\": \"A\", \"fields\": [{\"key\": \"k\", \"label\": \"\", \"type\": \"real\", \"value\": "
          "\"x\"}], \"sections\": []}", "report/fields/0: value is missing" },
        { "{\"type\": \"a\", \"title\": \"A\", \"fields\": [{\"key\": \"k\", \"label\": \"\", \"type\": \"real\", \"value\": 1},"
          "{\"key\": \"k\", \"label\": \"\", \"type\": \"real\", \"value\": 1}], \"sections\": []}", "report/fields/1: has a key" },
        { SECTION("{\"text\": 3}"), "report/sections/0/items/0/text: must be a text" },
        { SECTION("{\"txt\": {}}"), "items/0/txt: is no kind of item" },
        { SECTION("{\"text\": \"a\", \"values\": []}"), "items/0: must be an object with one of" },
        { SECTION("{\"table\": {\"key\": \"t\", \"title\": \"\", \"columns\": [], \"rows\": []}}"), "table: has no columns" },
        { SECTION("{\"table\": {\"key\": \"t\", \"title\": \"\", \"columns\": [{\"key\": \"a\", \"label\": \"A\", \"type\": "
                  "\"real\"}], \"rows\": [[1], [1, 2]]}}"), "table/rows/1: must be a list with one value a column" },
        { SECTION("{\"table\": {\"key\": \"t\", \"title\": \"\", \"columns\": [{\"key\": \"a\", \"label\": \"A\", \"type\": "
                  "\"integer\"}], \"rows\": [[1.5]]}}"), "table/rows/0: has a value that is not of its column's type" },
        { SECTION("{\"series\": {\"key\": \"t\", \"title\": \"\", \"x\": [1], \"y\": []}}"), "series: x and y" },
        { SECTION("{\"series\": {\"key\": \"t\", \"title\": \"\", \"x\": [null], \"y\": [1]}}"), "series: x must hold" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct hone_err err = { 0 };
        struct writer w = { 0 };
        cJSON *tree = json_parse(bad[i].tree, strlen(bad[i].tree), "tree", &err);
        CU_ASSERT_PTR_NOT_NULL_FATAL(tree);
        CU_ASSERT(report_tree_feed(tree, write_record, &w, &err) == HONE_EINVAL);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, bad[i].says));
        CU_ASSERT(w.n == 0); /* nothing was fed of a tree with a fault */
        cJSON_Delete(tree);
    }
}

static void too_deep(void)
{
    struct hone_err err = { 0 };
    struct buf b = { 0 };
    for (int depth = 6; depth <= 7; depth++) {
        buf_clear(&b);
        buf_puts(&b, "{\"type\": \"a\", \"title\": \"A\", \"fields\": [], \"sections\": [");
        for (int i = 0; i < depth; i++)
            buf_puts(&b, i ? "{\"section\": {\"key\": \"s\", \"title\": \"\", \"items\": ["
                           : "{\"key\": \"s\", \"title\": \"\", \"items\": [");
        for (int i = 0; i < depth; i++)
            buf_puts(&b, i + 1 < depth ? "]}}" : "]}");
        buf_puts(&b, "]}");
        cJSON *tree = json_parse(buf_str(&b), b.n, "tree", &err);
        CU_ASSERT_PTR_NOT_NULL_FATAL(tree);
        CU_ASSERT(report_tree_check(tree, &err) == (depth == 6 ? 0 : HONE_EINVAL));
        cJSON_Delete(tree);
    }
    buf_free(&b);
}

int test_report_tree(void)
{
    CU_pSuite s = CU_add_suite("report tree", NULL, NULL);
    if (!s || !CU_add_test(s, "records and their order", records) || !CU_add_test(s, "a refusal ends the stream", refusal) ||
        !CU_add_test(s, "faults", faults) || !CU_add_test(s, "depth", too_deep))
        return -1;
    return 0;
}
