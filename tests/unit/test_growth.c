/* Tests of core/judge/growth.c: the law against SciPy's fits (growth_reference.py), the cover of its intervals in a simulation with a seed,
 * what has no law, and of split_thin(). */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/json.h"
#include "core/base/rng.h"
#include "core/data/split.h"
#include "core/judge/growth.h"
#include "tests/unit/growth_reference.h"
#include "tests/unit/suites.h"

static void law(void)
{
    for (size_t i = 0; i < sizeof growth_reference / sizeof growth_reference[0]; i++) {
        double a, b, c, residual;
        growth_law(growth_reference[i].rows, growth_reference[i].error, growth_reference[i].weight, 5, &a, &b, &c, &residual);
        double want = growth_reference[i].a + growth_reference[i].b * pow(24000, -growth_reference[i].c);
        CU_ASSERT_DOUBLE_EQUAL(a + b * pow(24000, -c), want, 2e-6);
        CU_ASSERT_DOUBLE_EQUAL(c, growth_reference[i].c, 2e-3 * growth_reference[i].c);
        CU_ASSERT_DOUBLE_EQUAL(residual, growth_reference[i].residual, 1e-6);
    }
}

/* Models whose answers are right by chance, the same rows being hard for all of them. */
static void simulate(struct growth *g, int64_t n, double a, double b, double c, uint64_t seed)
{
    static const double share[GROWTH_SIZES] = { 0.0625, 0.125, 0.25, 0.5, 1 };
    *g = (struct growth){ .n = n, .sizes = GROWTH_SIZES, .source = "held_out" };
    g->expected = calloc((size_t)n, sizeof *g->expected);
    for (int s = 0; s < GROWTH_SIZES; s++) {
        g->share[s] = share[s];
        g->rows[s] = 10000 * share[s];
        g->draws[s] = s + 1 < GROWTH_SIZES ? GROWTH_DRAWS : 1;
        for (int64_t d = 0; d < g->draws[s]; d++) {
            g->right[s][d] = malloc((size_t)n);
            for (int64_t i = 0; i < n; i++) {
                double hard = rng_unit(seed, RNG_SPLIT, (uint64_t)i), own = rng_unit(seed, RNG_ORDER, (uint64_t)(i * 64 + s * 8 + d));
                g->right[s][d][i] = (own < 0.3 ? rng_unit(seed, RNG_INIT, (uint64_t)(i * 64 + s * 8 + d)) : hard) >= a + b * pow(g->rows[s], -c);
            }
        }
    }
}

static void cover(void)
{
    enum { RUNS = 100 };
    double a = 0.04, b = 12, c = 0.5, truth = b * (pow(10000, -c) - pow(20000, -c));
    int within = 0, fitted = 0;
    struct hone_err err = { 0 };
    for (uint64_t run = 0; run < RUNS; run++) {
        struct growth g;
        struct growth_curve v;
        simulate(&g, 1000, a, b, c, run + 1);
        CU_ASSERT_EQUAL_FATAL(growth_fit(&g, -1, 0, run, &v, &err), 0);
        fitted += v.why[0] == '\0';
        within += truth >= v.gain_range.low && truth <= v.gain_range.high;
        growth_free(&g);
    }
    CU_ASSERT(fitted >= 95);
    CU_ASSERT(within >= 85); /* of 100; 95 are asked for */
    printf("\n  learning curves: %d of %d intervals cover the gain, %d fitted (seeds 1 to %d)\n", within, RUNS, fitted, RUNS);
}

static void told(void)
{
    struct growth g;
    struct growth_curve v;
    struct hone_err err = { 0 };
    simulate(&g, 2000, 0.04, 12, 0.5, 9);
    CU_ASSERT_EQUAL(growth_fit(&g, -1, 0, 1, &v, &err), 0);
    CU_ASSERT_DOUBLE_EQUAL(v.more, 20000, 1e-9);
    CU_ASSERT(v.gain > 0.01 && v.gain < 0.06);
    CU_ASSERT(v.gain_range.low < v.gain && v.gain < v.gain_range.high);
    CU_ASSERT_DOUBLE_EQUAL(v.foretold, v.accuracy[4], 0.03);
    cJSON *o = growth_json(&g, &v);
    CU_ASSERT_EQUAL(cJSON_GetArraySize(json_get(o, "points")), 5);
    CU_ASSERT_DOUBLE_EQUAL(json_num(json_get(o, "forecast"), "gain_points", NAN), 100 * v.gain, 1e-9);
    CU_ASSERT(cJSON_IsNull(json_get(o, "why")));
    cJSON_Delete(o);
    /* One output's rows only, by its own examples. */
    for (int64_t i = 0; i < g.n; i++)
        g.expected[i] = i % 40 == 0;
    CU_ASSERT_EQUAL(growth_fit(&g, 1, 30, 1, &v, &err), 0);
    CU_ASSERT_EQUAL(v.n, 50);
    CU_ASSERT_DOUBLE_EQUAL(v.rows[0], 2, 0);
    CU_ASSERT_DOUBLE_EQUAL(v.rows[4], 30, 0);
    growth_free(&g);
}

/* No number where there is no law. */
static void refused(void)
{
    struct growth g;
    struct growth_curve v;
    struct hone_err err = { 0 };
    simulate(&g, 10, 0.04, 12, 0.5, 9);
    CU_ASSERT_EQUAL(growth_fit(&g, -1, 0, 1, &v, &err), 0);
    CU_ASSERT(strstr(v.why, "only 10 rows") != NULL && isnan(v.gain));
    growth_free(&g);
    simulate(&g, 500, 0.3, 0, 1, 9);
    memcpy(g.right[4][0], g.right[0][0], 500);
    memset(g.right[4][0], 0, 20);
    CU_ASSERT_EQUAL(growth_fit(&g, -1, 0, 1, &v, &err), 0);
    CU_ASSERT(strstr(v.why, "did not lower the error") != NULL && isnan(v.gain) && isnan(v.forecast));
    cJSON *o = growth_json(&g, &v);
    CU_ASSERT(cJSON_IsNull(json_get(o, "fit")) && cJSON_IsNull(json_get(o, "forecast")) && cJSON_IsString(json_get(o, "why")));
    cJSON_Delete(o);
    growth_free(&g);
    simulate(&g, 500, 0.1, 0, 1, 9); /* up and down */
    memset(g.right[1][0], 0, 300);
    memset(g.right[1][1], 0, 300);
    memset(g.right[3][0], 0, 250);
    memset(g.right[3][1], 0, 250);
    memset(g.right[0][0], 0, 100);
    memset(g.right[0][1], 0, 100);
    CU_ASSERT_EQUAL(growth_fit(&g, -1, 0, 1, &v, &err), 0);
    CU_ASSERT(strstr(v.why, "no power law") != NULL && isnan(v.gain));
    g.sizes = 3;
    CU_ASSERT_EQUAL(growth_fit(&g, -1, 0, 1, &v, &err), 0);
    CU_ASSERT(strstr(v.why, "four sizes") != NULL);
    growth_free(&g);
}

/* Each output keeps its share, none goes, and a smaller part lies within a greater one of the same draw. */
static void thinned(void)
{
    enum { ROWS = 300 };
    struct examples e = { .n = ROWS };
    int32_t output[ROWS];
    int64_t small[ROWS], large[ROWS], other[ROWS], n_small = ROWS, n_large = ROWS, n_other = ROWS, count[3] = { 0 }, within = 0, same = 0;
    struct hone_err err = { 0 };
    for (int64_t i = 0; i < ROWS; i++) {
        output[i] = i < 2 ? 2 : (int32_t)(i % 3 == 0);
        small[i] = large[i] = other[i] = i;
    }
    e.output = output;
    CU_ASSERT_EQUAL_FATAL(split_thin(&e, 0, 0.25, 7, 0, small, &n_small, &err), 0);
    CU_ASSERT_EQUAL_FATAL(split_thin(&e, 0, 0.5, 7, 0, large, &n_large, &err), 0);
    CU_ASSERT_EQUAL_FATAL(split_thin(&e, 0, 0.25, 7, 1, other, &n_other, &err), 0);
    int64_t written[ROWS], n_written = ROWS;
    int32_t own[ROWS];
    struct examples texts = { .n = ROWS, .output = own };
    for (int64_t i = 0; i < ROWS; i++) {
        written[i] = i;
        own[i] = (int32_t)i; /* an answer of its own each: by output all would stay */
    }
    CU_ASSERT_EQUAL_FATAL(split_thin(&texts, 1, 0.25, 7, 0, written, &n_written, &err), 0);
    CU_ASSERT_EQUAL(n_written, ROWS / 4);
    for (int64_t i = 0, k = 0; i < n_small; i++) {
        count[output[small[i]]]++;
        while (k < n_large && large[k] < small[i])
            k++;
        within += k < n_large && large[k] == small[i];
        same += i < n_other && other[i] == small[i];
        CU_ASSERT(i == 0 || small[i] > small[i - 1]);
    }
    CU_ASSERT_EQUAL(within, n_small);
    CU_ASSERT(same < n_small);
    CU_ASSERT(count[0] == 50 && count[1] == 25 && count[2] == 1);
    CU_ASSERT_EQUAL(n_other, n_small);
}

int test_growth(void)
{
    CU_pSuite s = CU_add_suite("growth", NULL, NULL);
    return s && CU_add_test(s, "law", law) && CU_add_test(s, "cover", cover) && CU_add_test(s, "told", told) && CU_add_test(s, "refused", refused) &&
           CU_add_test(s, "thinned", thinned) ? 0 : -1;
}
