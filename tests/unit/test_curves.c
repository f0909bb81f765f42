/* Tests of core/judge/curves.c: one curve made to show each verdict. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/judge/curves.h"
#include "tests/unit/suites.h"

#define ROWS 10

static void fill(struct curve_row *r, const double *loss, const double *valid, int n, double accuracy, double valid_accuracy)
{
    for (int i = 0; i < n; i++)
        r[i] = (struct curve_row){ .epoch = i + 1, .loss = loss[i], .accuracy = accuracy,
                                   .validation_loss = valid ? valid[i] : NAN,
                                   .validation_accuracy = valid ? valid_accuracy : NAN, .elapsed_ms = 10 * (i + 1) };
}

static struct curve_verdict judged(const double *loss, const double *valid, int n, double accuracy, double valid_accuracy)
{
    struct curve_row rows[ROWS];
    struct curve_verdict v;
    fill(rows, loss, valid, n, accuracy, valid_accuracy);
    curves_judge(rows, n, NAN, 0, &v);
    return v;
}

static const double settled[] = { 2.0, 1.0, 0.6, 0.5, 0.498, 0.497, 0.4965, 0.496 };

static void converged(void)
{
    struct curve_verdict v = judged(settled, settled, 8, 0.97, 0.96);
    CU_ASSERT_STRING_EQUAL(v.convergence, "converged");
    CU_ASSERT_STRING_EQUAL(v.overfitting, "none");
    CU_ASSERT_STRING_EQUAL(v.underfitting, "none");
    CU_ASSERT(v.served == 7);
    CU_ASSERT(v.fast == 4);
    CU_ASSERT_PTR_NOT_NULL(strstr(v.why_convergence, "validation loss fell"));
}

static void converging(void)
{
    const double loss[] = { 2.0, 1.5, 1.2, 1.1, 1.05, 1.0 };
    CU_ASSERT_STRING_EQUAL(judged(loss, NULL, 6, 0.8, NAN).convergence, "converging");
    const double one[] = { 0.3 };
    CU_ASSERT_STRING_EQUAL(judged(one, NULL, 1, 0.95, NAN).convergence, "converging");
}

static void not_converged(void)
{
    const double steep[] = { 4.0, 3.0, 2.2, 1.6, 1.1 }, flat[] = { 4.0, 3.99, 3.985, 3.98, 3.978 }, one[] = { 3.0 };
    CU_ASSERT_STRING_EQUAL(judged(steep, steep, 5, 0.5, 0.5).convergence, "not_converged");
    CU_ASSERT_STRING_EQUAL(judged(flat, flat, 5, 0.1, 0.1).convergence, "not_converged");
    CU_ASSERT_STRING_EQUAL(judged(one, NULL, 1, 0.2, NAN).convergence, "not_converged");
    CU_ASSERT_STRING_EQUAL(judged(flat, flat, 5, 0.99, 0.99).convergence, "converged");
}

static void diverging(void)
{
    const double up[] = { 2.0, 1.5, 1.4, 2.5, 6.0 }, gone[] = { 2.0, 1.5, NAN };
    CU_ASSERT_STRING_EQUAL(judged(up, NULL, 5, 0.3, NAN).convergence, "diverging");
    CU_ASSERT_STRING_EQUAL(judged(gone, NULL, 3, 0.3, NAN).convergence, "diverging");
    /* A loss that ends above its lowest value and far below its first is no divergence. */
    const double noisy[] = { 4.0, 0.5, 0.4, 0.55 };
    CU_ASSERT_STRING_NOT_EQUAL(judged(noisy, NULL, 4, 0.95, NAN).convergence, "diverging");
}

static void overfitting(void)
{
    static const struct {
        double accuracy, valid_accuracy;
        const char *risk;
    } by_gap[] = { { 0.95, 0.93, "none" }, { 0.95, 0.87, "low" }, { 0.97, 0.82, "moderate" }, { 0.99, 0.7, "high" },
                   { 0.80, 0.90, "none" } };
    for (size_t i = 0; i < sizeof by_gap / sizeof by_gap[0]; i++)
        CU_ASSERT_STRING_EQUAL(judged(settled, settled, 8, by_gap[i].accuracy, by_gap[i].valid_accuracy).overfitting,
                               by_gap[i].risk);
    const double falls[] = { 2.0, 1.0, 0.5, 0.3, 0.2 };
    double rises[] = { 2.0, 1.0, 1.0, 1.0, 1.0 };
    static const struct {
        double last;
        const char *risk;
    } by_rise[] = { { 1.01, "none" }, { 1.04, "low" }, { 1.15, "moderate" }, { 1.5, "high" } };
    for (size_t i = 0; i < sizeof by_rise / sizeof by_rise[0]; i++) {
        rises[4] = by_rise[i].last;
        struct curve_verdict v = judged(falls, rises, 5, 0.9, 0.9);
        CU_ASSERT_STRING_EQUAL(v.overfitting, by_rise[i].risk);
        CU_ASSERT(v.served == 1);
        CU_ASSERT((strstr(v.why_overfitting, "by the last epoch the validation loss had risen by") != NULL) == (i > 0)); /* what is evidence of nothing is left out */
    }
    CU_ASSERT_PTR_NULL(judged(falls, NULL, 5, 0.9, NAN).overfitting);
}

static void underfitting(void)
{
    CU_ASSERT_STRING_EQUAL(judged(settled, NULL, 8, 0.92, NAN).underfitting, "none");
    CU_ASSERT_STRING_EQUAL(judged(settled, NULL, 8, 0.85, NAN).underfitting, "low");
    CU_ASSERT_STRING_EQUAL(judged(settled, NULL, 8, 0.70, NAN).underfitting, "moderate");
    CU_ASSERT_STRING_EQUAL(judged(settled, NULL, 8, 0.40, NAN).underfitting, "high");
    CU_ASSERT_PTR_NULL(judged(settled, NULL, 8, NAN, NAN).underfitting);
    struct curve_row rows[8];
    struct curve_verdict v;
    fill(rows, settled, NULL, 8, 0.85, NAN);
    curves_judge(rows, 8, NAN, 0.82, &v); /* always the commonest output: 0.82 */
    CU_ASSERT_STRING_EQUAL(v.underfitting, "high");
}

static void efficiency(void)
{
    struct curve_row rows[4];
    struct curve_verdict v;
    const double at_once[] = { 1, 1, 1, 1 }, even[] = { 4, 3, 2, 1 }, wasted[] = { 1, 2, 2, 2 };
    fill(rows, at_once, NULL, 4, 0.9, NAN);
    curves_judge(rows, 4, 5, 0, &v);
    CU_ASSERT(v.efficiency == 25); /* the first epoch had it all, three did nothing */
    CU_ASSERT(v.fast == 1);
    fill(rows, even, NULL, 4, 0.9, NAN);
    curves_judge(rows, 4, 5, 0, &v);
    CU_ASSERT(v.efficiency == 63); /* (1/4 + 2/4 + 3/4 + 1) / 4 */
    fill(rows, wasted, NULL, 4, 0.9, NAN);
    curves_judge(rows, 4, 3, 0, &v);
    CU_ASSERT(v.efficiency == 25);
    fill(rows, even, NULL, 1, 0.9, NAN);
    curves_judge(rows, 1, NAN, 0, &v);
    CU_ASSERT(isnan(v.efficiency));
}

static void gain(void)
{
    struct curve_row rows[3];
    struct curve_verdict v;
    fill(rows, (const double[]){ 3, 2, 1.5 }, (const double[]){ 3, 2, 1.5 }, 3, 0.8, 0);
    rows[0].validation_accuracy = 0.5;
    rows[1].validation_accuracy = 0.7;
    rows[2].validation_accuracy = 0.8;
    curves_judge(rows, 3, NAN, 0, &v);
    CU_ASSERT(fabs(v.gain - 0.1) < 1e-12); /* 0.05 + 0.025 + ... */
    rows[2].validation_accuracy = 0.69;
    curves_judge(rows, 3, NAN, 0, &v);
    CU_ASSERT(v.gain == 0);
}

static void from_json(void)
{
    const char *text = "[{\"epoch\": 3, \"loss\": 1.5, \"accuracy\": 0.5, \"validation_loss\": null, \"best\": true}]";
    struct hone_err err = { 0 };
    struct curve_row *rows;
    int64_t n;
    cJSON *v = json_parse(text, strlen(text), "history", &err);
    CU_ASSERT(curves_from_json(v, &rows, &n, &err) == 0 && n == 1);
    CU_ASSERT(rows[0].epoch == 3 && rows[0].loss == 1.5 && isnan(rows[0].validation_loss) && rows[0].best);
    free(rows);
    cJSON_Delete(v);
    v = json_parse("[3]", 3, "history", &err);
    CU_ASSERT(curves_from_json(v, &rows, &n, &err) == HONE_EINVAL);
    CU_ASSERT_PTR_NULL(rows);
    cJSON_Delete(v);
    CU_ASSERT(curves_from_json(NULL, &rows, &n, &err) == 0 && n == 0);
    struct curve_verdict none;
    curves_judge(rows, n, NAN, 0, &none);
    CU_ASSERT_PTR_NULL(none.convergence);
    CU_ASSERT(none.served == -1);
}

int test_curves(void)
{
    CU_pSuite s = CU_add_suite("curves", NULL, NULL);
    if (!s || !CU_add_test(s, "converged", converged) || !CU_add_test(s, "converging", converging) ||
        !CU_add_test(s, "not converged", not_converged) || !CU_add_test(s, "diverging", diverging) ||
        !CU_add_test(s, "overfitting", overfitting) || !CU_add_test(s, "underfitting", underfitting) ||
        !CU_add_test(s, "efficiency", efficiency) || !CU_add_test(s, "expected gain", gain) ||
        !CU_add_test(s, "rows from JSON", from_json))
        return -1;
    return 0;
}
