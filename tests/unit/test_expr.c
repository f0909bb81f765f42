/* The expression language of pipelines: values, grammar, names, texts with expressions in them. */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/expr.h"
#include "core/base/json.h"
#include "tests/unit/suites.h"

static cJSON *world;

static const cJSON *value(void *arg, const char *name, struct hone_err *err)
{
    const cJSON *v = json_get(world, name);
    (void)arg;
    if (v)
        return v;
    hone_fail(err, strcmp(name, "later") == 0 ? ERR_NOT_FOUND : HONE_EINVAL, "'%s' is not known", name);
    return NULL;
}

static int seen(void *arg, const char *name, struct hone_err *err)
{
    (void)arg;
    return strcmp(name, "wrong") == 0 ? hone_fail(err, HONE_EINVAL, "'wrong' is refused") : 0;
}

static const struct expr_names names = { .value = value, .seen = seen };

static void set_up(void)
{
    static const char text[] = "{\"n\":3,\"zero\":0,\"word\":\"a b\",\"yes\":true,\"nil\":null,\"list\":[2,5,5,1],"
                               "\"train\":[{\"job_id\":\"j0\",\"m\":{\"acc\":0.5}},{\"job_id\":\"j1\",\"m\":{\"acc\":0.75}}],\"one\":{\"a\":{\"b\":[10,20]}}}";
    struct hone_err err;
    world = json_parse(text, sizeof text - 1, "world", &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(world);
}

static void tear_down(void)
{
    cJSON_Delete(world);
}

static void values(void)
{
    static const char *const want[][2] = {
        { "1 + 2 * 3", "7" }, { "(1 + 2) * 3", "9" }, { "7 - 2 - 1", "4" }, { "8 / 2 / 2", "2" }, { "-n + 1", "-2" }, { "- -2", "2" }, { "1.5e1", "15" },
        { "2e-1", "0.2" }, { "n == 3", "true" }, { "n != 3", "false" }, { "n >= 3 and n <= 3", "true" }, { "n < 3 or n > 3", "false" }, { "not n < 3", "true" },
        { "not yes or yes", "true" }, { "'a' < 'b'", "true" }, { "word == \"a b\"", "true" }, { "nil == null", "true" }, { "n == null", "false" },
        { "n != null", "true" }, { "yes == true", "true" }, { "one.a.b[1]", "20" }, { "one.a.b[n - 2]", "20" }, { "train.job_id", "[\"j0\",\"j1\"]" },
        { "train[1].job_id", "\"j1\"" }, { "train.m.acc", "[0.5,0.75]" }, { "train[index_of_max(train.m.acc)].job_id", "\"j1\"" },
        { "index_of_max(list)", "1" }, { "index_of_min(list)", "3" }, { "max(list)", "5" }, { "min(list)", "1" }, { "mean(list)", "3.25" }, { "count(train)", "2" },
        { "abs(0 - 2)", "2" }, { "defined(later)", "false" }, { "defined(one.a)", "true" }, { "defined(one.c)", "false" }, { "defined((one.c) + 1)", "false" },
        { "false and later.x > 1", "false" }, { "true or later", "true" }, { "true or 1", "true" }, { "n == 3 or later and later", "true" }, { "null", "null" },
        { "  n  ", "3" }, { "true == (1 < 2)", "true" }, { "defined(later) and later.x == 1", "false" },
    };
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        struct hone_err err = { 0 };
        cJSON *v = expr_eval(want[i][0], &names, &err);
        char *text = v ? json_text(v, 0) : strdup(err.text);
        if (strcmp(text, want[i][1]) != 0)
            fprintf(stderr, "\n    %s: '%s', expected '%s'\n", want[i][0], text, want[i][1]);
        CU_ASSERT_STRING_EQUAL(text, want[i][1]);
        free(text);
        cJSON_Delete(v);
    }
}

static void faults(void)
{
    static const char *const want[][2] = {
        { "", "column 1: expected a value, found the end" }, { "1 +", "column 4: expected a value" }, { "n = 3", "write ==" }, { "1 < 2 < 3", "join them with `and`" },
        { "n == 'x'", "cannot compare a number with a text" }, { "word < 1", "cannot compare" }, { "nil < 1", "cannot compare null" }, { "1 / zero", "division by zero" },
        { "word + 1", "+ expects numbers" }, { "not n", "not expects true or false, found a number" }, { "n and yes", "and expects true or false" },
        { "yes and n", "and expects true or false, found a number" }, { "one.c", "there is no one.c" }, { "list[9]", "there is no list[9]" }, { "list[0.5]", "an index is" },
        { "later.x", "'later' is not known" }, { "nobody", "'nobody' is not known" }, { "cuont(list)", "did you mean count()?" }, { "max(3)", "expects a list of numbers" },
        { "max(train.job_id)", "expects a list of numbers" }, { "'open", "has no end" }, { "(1", "expected )" }, { "1 2", "expected the end of the expression, found '2'" },
        { "1.2.3", "this is no number" }, { "3x", "this is no number" }, { "n.", "expected a name" }, { "#", "found '#'" }, { "wrong", "refused" },
        { "count(list", "expected )" }, { "nandx", "not known" }, { "train.nothing", "there is no train.nothing" }, { "defined(1 / zero)", "division by zero" },
    };
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        struct hone_err err = { 0 };
        cJSON *v = expr_eval(want[i][0], &names, &err);
        if (v || !strstr(err.text, want[i][1]))
            fprintf(stderr, "\n    %s: '%s', expected '%s'\n", want[i][0], v ? "a value" : err.text, want[i][1]);
        CU_ASSERT_PTR_NULL(v);
        CU_ASSERT_EQUAL(err.code, HONE_EINVAL);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, want[i][1]));
        cJSON_Delete(v);
    }
}

/* Nesting is bounded, not the stack's matter. */
static void depth(void)
{
    char text[4001];
    struct hone_err err = { 0 };
    static const char *const open[] = { "(", "-", "not " };
    for (size_t k = 0; k < 3; k++) {
        text[0] = '\0';
        for (int i = 0; i < 900; i++)
            strcat(text, open[k]);
        CU_ASSERT_PTR_NULL(expr_eval(text, &names, &err));
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "nested too deeply"));
    }
}

static void checks(void)
{
    struct hone_err err = { 0 };
    CU_ASSERT_EQUAL(expr_check("later.x[1].y > n and count(foo) == 2", &names, &err), 0);
    CU_ASSERT_EQUAL(expr_check("later.x >", &names, &err), HONE_EINVAL);
    CU_ASSERT_EQUAL(expr_check("later and wrong", &names, &err), HONE_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "column 11: 'wrong' is refused"));
    CU_ASSERT_EQUAL(expr_true("n == 3", &names, &err), 1);
    CU_ASSERT_EQUAL(expr_true("n == 4", &names, &err), 0);
    CU_ASSERT_EQUAL(expr_true("n", &names, &err), HONE_EINVAL);
}

static void filled(const char *text, const char *want)
{
    struct hone_err err = { 0 };
    cJSON *in = json_parse(text, strlen(text), "in", &err), *out = expr_fill(in, &names, &err);
    char *got = out ? json_text(out, 0) : strdup(err.text);
    if (!strstr(got, want))
        fprintf(stderr, "\n    %s: '%s', expected '%s'\n", text, got, want);
    CU_ASSERT_PTR_NOT_NULL(strstr(got, want));
    free(got);
    cJSON_Delete(in);
    cJSON_Delete(out);
}

static void fills(void)
{
    filled("\"${n}\"", "3");
    filled("\"${train.job_id}\"", "[\"j0\",\"j1\"]");
    filled("\"a ${n} ${word}-${yes}\"", "\"a 3 a b-true\"");
    filled("{\"a\":[\"${n + 1}\",2],\"b\":{\"c\":\"${'}'}\"}}", "{\"a\":[4,2],\"b\":{\"c\":\"}\"}}");
    filled("\"$${n} and $5\"", "\"${n} and $5\"");
    filled("\"x ${train}\"", "cannot be a part of a text");
    filled("\"${n\"", "has no }");
    filled("\"${n +}\"", "${n +}: column 4");
    cJSON *v = cJSON_CreateString("$${n}");
    CU_ASSERT_FALSE(expr_refers(v));
    cJSON_Delete(v);
    struct hone_err err;
    static const char tree[] = "[1,{\"a\":\"x ${n}\"}]";
    v = json_parse(tree, sizeof tree - 1, "in", &err);
    CU_ASSERT_TRUE(expr_refers(v));
    CU_ASSERT_EQUAL(expr_check_fill(v, &names, &err), 0);
    cJSON_Delete(v);
}

int test_expr(void)
{
    CU_pSuite suite = CU_add_suite_with_setup_and_teardown("expr", NULL, NULL, set_up, tear_down);
    return suite && CU_add_test(suite, "values", values) && CU_add_test(suite, "faults", faults) && CU_add_test(suite, "depth", depth) &&
           CU_add_test(suite, "checks", checks) && CU_add_test(suite, "fills", fills) ? 0 : -1;
}
