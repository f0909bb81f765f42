/* Tests of core/judge/common_rows.c and compare*.c on runs that are made by hand. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/judge/common_rows.h"
#include "core/judge/compare.h"
#include "core/judge/difference.h"
#include "tests/unit/suites.h"

/* ---- rows ---- */

enum { LINES = 6 };
static struct hone_string inputs[LINES] = { { "a rose", 6 }, { "A  Rose", 7 }, { "a leaf", 6 }, { "the sea", 7 }, { "moss", 4 }, { "a frog", 6 } };
static struct hone_string names[] = { { "red", 3 }, { "green", 5 } };
static int32_t outputs[LINES] = { 0, 0, 1, 1, 1, 1 };

static struct examples made(struct hone_string *input, int32_t *output, int64_t n)
{
    struct examples e = { .n = n, .input = input, .output = output };
    e.outputs.n = 2;
    e.outputs.name = names;
    return e;
}

static void rows_in_common(void)
{
    struct examples e = made(inputs, outputs, LINES);
    struct hone_err err = { 0 };
    struct common_rows c;
    /* One holds out 1, 2 and 3, the other 2, 3 and 4. Row 1 folds into row 0, which both were trained on. */
    const int64_t held_a[] = { 1, 2, 3 }, train_a[] = { 0, 4, 5 }, held_b[] = { 2, 3, 4 }, train_b[] = { 0, 1, 5 };
    struct run_rows runs[2] = { { &e, &e, train_a, held_a, 3, 3 }, { &e, &e, train_b, held_b, 3, 3 } };
    CU_ASSERT(common_rows_find(&c, runs, 2, NULL, &err) == 0);
    CU_ASSERT(c.n == 2 && c.row[0] == 2 && c.row[1] == 3 && c.candidates == 3 && c.not_shared == 1 && c.trained == 0);
    free(c.row);
    /* Of all rows as a test file, what neither was trained on. */
    CU_ASSERT(common_rows_find(&c, runs, 2, &e, &err) == 0);
    CU_ASSERT(c.n == 2 && c.row[0] == 2 && c.row[1] == 3 && c.trained == 4);
    free(c.row);
    /* The same input with another output is no row of both. */
    int32_t other[LINES] = { 0, 0, 0, 1, 1, 1 };
    struct examples f = made(inputs, other, LINES);
    runs[1].held_out = &f;
    CU_ASSERT(common_rows_find(&c, runs, 2, NULL, &err) == 0 && c.n == 1 && c.row[0] == 3);
    free(c.row);
    runs[1].held_out = NULL;
    CU_ASSERT(common_rows_find(&c, runs, 2, NULL, &err) == 0 && c.n == 0);
    free(c.row);
}

/* ---- runs ---- */

enum { ROWS = 400, MOST = 5 };
static uint8_t right[MOST][ROWS];
static double loss[MOST][ROWS];

/* Run k is wrong on each row whose number leaves less than wrong[k] by 100; so runs are nested, and differ where their shares do. */
static struct comparison compared(struct compared_run *run, const int *wrong, int k)
{
    static const char *const ids[] = { "job_a", "job_b", "job_c", "job_d", "job_e" };
    for (int r = 0; r < k; r++) {
        for (int i = 0; i < ROWS; i++) {
            right[r][i] = i % 100 >= wrong[r];
            loss[r][i] = right[r][i] ? 0.2 + 0.001 * (i % 7) * (r + 1) : 1.5;
        }
        run[r] = (struct compared_run){ .id = ids[r], .right = right[r], .loss = loss[r], .outputs = 4, .baseline = 0.25 };
    }
    return (struct comparison){ .run = run, .k = k, .rows = ROWS, .tests = 1, .advice = 1, .alpha = 0.05, .margin = 0.01 };
}

static void a_lead(void)
{
    struct compared_run run[MOST];
    struct hone_err err = { 0 };
    const int wrong[] = { 12, 5 };
    struct comparison c = compared(run, wrong, 2);
    cJSON *o = cJSON_CreateObject();
    CU_ASSERT_FATAL(compare_put(o, &c, &err) == 0);
    const cJSON *s = json_get(o, "statistical_analysis"), *p = json_get(s, "pairs")->child, *m = json_get(json_get(o, "metric_comparisons"), "accuracy");
    CU_ASSERT(json_bool(s, "significant", 0) == 1 && fabs(json_num(s, "pValue", 1) - difference_mcnemar(28, 0)) < 1e-15);
    CU_ASSERT(fabs(json_num(s, "improvement_percent", 0) - 100 * 0.07 / 0.88) < 1e-9);
    CU_ASSERT_STRING_EQUAL(json_str(json_get(o, "winner"), "job_id", ""), "job_b");
    CU_ASSERT(fabs(json_num(json_get(m, "best"), "value", 0) - 0.95) < 1e-12 && fabs(json_num(json_get(m, "worst"), "value", 0) - 0.88) < 1e-12);
    CU_ASSERT(fabs(json_num(m, "mean", 0) - 0.915) < 1e-12 && fabs(json_num(m, "standard_deviation", 0) - 0.07 / sqrt(2)) < 1e-12);
    CU_ASSERT(json_int(p, "only_a_right", 0) == 28 && json_int(p, "only_b_right", -1) == 0 && json_num(p, "cohen_g", 0) == 0.5);
    const cJSON *v = json_get(p, "interval");
    CU_ASSERT(json_num(v, "low", 0) > 0.03 && json_num(v, "low", 0) < 0.06 && json_num(v, "high", 0) > 0.08 && json_num(v, "high", 0) < 0.11);
    CU_ASSERT(json_num(json_get(p, "loss"), "permutation_p", 1) < 0.01);
    cJSON_Delete(o);
}

static void a_tie_of_three(void)
{
    struct compared_run run[MOST];
    struct hone_err err = { 0 };
    const int wrong[] = { 6, 5, 30 };
    struct comparison c = compared(run, wrong, 3);
    cJSON *o = cJSON_CreateObject();
    CU_ASSERT_FATAL(compare_put(o, &c, &err) == 0);
    const cJSON *s = json_get(o, "statistical_analysis"), *first = json_get(s, "pairs")->child;
    CU_ASSERT(json_bool(s, "significant", 1) == 0 && json_num(s, "cochran_p", 1) < 1e-6);
    CU_ASSERT(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(o, "winner")));
    CU_ASSERT(strncmp(json_str(o, "winner_reason", ""), "a tie: job_b", 12) == 0);
    /* Holm: the pair of the two good ones is the last of three. 4 rows apart: p = 0.125. */
    CU_ASSERT(fabs(json_num(first, "p_value", 0) - 0.125) < 1e-12 && fabs(json_num(first, "p_adjusted", 0) - 0.125) < 1e-12);
    CU_ASSERT(json_bool(first->next, "significant", 0) == 1);
    cJSON_Delete(o);
}

/* Equal on few rows: neither leads, and what these rows can show is told. */
static void an_even_tie(void)
{
    struct compared_run run[MOST];
    struct hone_err err = { 0 };
    const int wrong[] = { 2, 2 };
    struct comparison c = compared(run, wrong, 2);
    cJSON *o = cJSON_CreateObject();
    c.rows = 13;
    CU_ASSERT_FATAL(compare_put(o, &c, &err) == 0);
    CU_ASSERT_STRING_EQUAL(json_str(o, "winner_reason", ""), "a tie: job_a and job_b have the same accuracy on 13 common rows");
    const cJSON *steps = json_get(json_get(o, "recommendations"), "next_steps");
    CU_ASSERT_FATAL(cJSON_GetArraySize(steps) > 0);
    CU_ASSERT(strncmp(steps->child->valuestring, "These 13 rows show neither a difference nor that ", 49) == 0);
    cJSON_Delete(o);
}

static void no_rows(void)
{
    struct compared_run run[MOST];
    struct hone_err err = { 0 };
    const int wrong[] = { 6, 5 };
    struct comparison c = compared(run, wrong, 2);
    cJSON *o = cJSON_CreateObject();
    c.rows = 0;
    c.why_no_rows = "there are none";
    run[0].right = run[1].right = NULL;
    CU_ASSERT_FATAL(compare_put(o, &c, &err) == 0);
    CU_ASSERT(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(o, "statistical_analysis")) && cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(o, "winner")));
    CU_ASSERT_STRING_EQUAL(json_str(o, "winner_reason", ""), "there are none");
    CU_ASSERT_PTR_NULL(json_str(json_get(o, "recommendations"), "optimal_job_id", NULL));
    cJSON_Delete(o);
}

static void seeds_as_units(void)
{
    struct compared_run run[MOST];
    struct hone_err err = { 0 };
    const int wrong[] = { 5, 6, 15, 16, 17 };
    struct comparison c = compared(run, wrong, 5);
    cJSON *o = cJSON_CreateObject(), *config[5];
    for (int i = 0; i < 5; i++) {
        config[i] = cJSON_CreateObject();
        json_put_int(config[i], "seed", i);
        json_put_num(config[i], "learningRate", i < 2 ? 0.001 : 0.01);
        run[i].config = config[i];
    }
    CU_ASSERT_FATAL(compare_put(o, &c, &err) == 0);
    const cJSON *list = json_get(json_get(o, "statistical_analysis"), "seeds");
    const double x[] = { 0.95, 0.94 }, y[] = { 0.85, 0.84, 0.83 };
    double t, df;
    CU_ASSERT(cJSON_GetArraySize(list) == 1);
    CU_ASSERT(fabs(json_num(list->child, "p_value", 0) - difference_welch(x, 2, y, 3, &t, &df)) < 1e-12);
    CU_ASSERT(fabs(json_num(list->child, "t", 0) - t) < 1e-9 && json_bool(list->child, "significant", 0) == 1);
    for (int i = 0; i < 5; i++)
        cJSON_Delete(config[i]);
    cJSON_Delete(o);
}

int test_compare(void)
{
    CU_pSuite s = CU_add_suite("compare", NULL, NULL);
    return s && CU_add_test(s, "rows in common", rows_in_common) && CU_add_test(s, "a lead", a_lead) && CU_add_test(s, "a tie of three", a_tie_of_three) &&
           CU_add_test(s, "an even tie", an_even_tie) &&
           CU_add_test(s, "no rows", no_rows) && CU_add_test(s, "seeds as units", seeds_as_units) ? 0 : -1;
}
