/* What sweeps try: grids, chance, TPE against chance on functions with known optima, and the promotion rule of ASHA against its definition. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/api/search.h"
#include "core/base/rng.h"
#include "tests/unit/suites.h"

static struct search_space space;

static void make_space(void)
{
    space = (struct search_space){ .n = 3, .dim = {
        { .key = "learningRate", .kind = SEARCH_REAL, .low = 1e-4, .high = 1e-1, .log = 1, .steps = 4 },
        { .key = "batchSize", .kind = SEARCH_INTEGER, .low = 8, .high = 64, .steps = 3 },
        { .key = "optimizer", .kind = SEARCH_CHOICE, .steps = 3, .choices = NULL } } };
    space.dim[2].choices = cJSON_CreateStringArray((const char *const[]){ "adam", "lion", "sgd" }, 3);
}

static void value_is(int d, double x, double want)
{
    cJSON *v = search_value(&space.dim[d], x);
    CU_ASSERT_DOUBLE_EQUAL(v->valuedouble, want, fabs(want) * 1e-9);
    cJSON_Delete(v);
}

static void grids(void)
{
    double x[SEARCH_DIMS];
    make_space();
    CU_ASSERT_EQUAL(search_grid_size(&space, 1000), 36);
    CU_ASSERT_EQUAL(search_grid_size(&space, 10), 10);
    search_grid(&space, 0, x);
    CU_ASSERT_TRUE(x[0] == 0 && x[1] == 0 && x[2] == 0);
    search_grid(&space, 35, x);
    CU_ASSERT_TRUE(x[0] == 1 && x[1] == 1 && x[2] == 2);
    search_grid(&space, 9 + 3 + 1, x); /* the first dimension varies slowest */
    CU_ASSERT_TRUE(fabs(x[0] - 1.0 / 3) < 1e-12 && x[1] == 0.5 && x[2] == 1);
    value_is(0, 0, 1e-4);
    value_is(0, 1.0 / 3, 1e-3);
    value_is(0, 1, 1e-1);
    value_is(1, 0.5, 36);
    value_is(1, 1, 64);
    cJSON *v = search_value(&space.dim[2], 1);
    CU_ASSERT_STRING_EQUAL(v->valuestring, "lion");
    cJSON_Delete(v);
    cJSON_Delete((cJSON *)(uintptr_t)space.dim[2].choices);
}

/* A point depends on seed, trial and what was seen, on nothing else; chance is even. */
static void chance(void)
{
    double a[SEARCH_DIMS], b[SEARCH_DIMS], sum[2] = { 0 };
    int count[3] = { 0 };
    make_space();
    search_random(&space, 7, 12, a);
    search_random(&space, 7, 12, b);
    CU_ASSERT_EQUAL(memcmp(a, b, sizeof *a * 3), 0);
    search_random(&space, 8, 12, b);
    CU_ASSERT_NOT_EQUAL(memcmp(a, b, sizeof *a * 3), 0);
    for (int t = 0; t < 3000; t++) {
        search_random(&space, 1, t, a);
        sum[0] += a[0];
        sum[1] += a[1];
        count[(int)a[2]]++;
    }
    for (int k = 0; k < 2; k++)
        CU_ASSERT_DOUBLE_EQUAL(sum[k] / 3000, 0.5, 4 / sqrt(12 * 3000.0));
    for (int k = 0; k < 3; k++)
        CU_ASSERT_DOUBLE_EQUAL(count[k] / 3000.0, 1.0 / 3, 4 * sqrt(2 / 9.0 / 3000));
    cJSON_Delete((cJSON *)(uintptr_t)space.dim[2].choices);
}

/* A hill with its top at a place of the seed's, one of three choices being better, and noise. */
static double height(uint64_t seed, int trial, const double *x)
{
    double top0 = 0.1 + 0.8 * rng_unit(seed, 900, 0), top1 = 0.1 + 0.8 * rng_unit(seed, 900, 1);
    int choice = (int)(3 * rng_unit(seed, 900, 2));
    double d0 = x[0] - top0, d1 = x[1] - top1;
    return -4 * d0 * d0 - 2 * d1 * d1 - (x[2] == choice ? 0 : 0.3) + 0.02 * rng_normal(seed, 901, (uint64_t)trial);
}

static double true_best(uint64_t seed, int use_tpe, int trials)
{
    struct search_seen seen[64];
    int best = 0;
    for (int t = 0; t < trials; t += 4) { /* in batches of 4, as a sweep: within one the results are not known */
        for (int k = t; k < t + 4; k++) {
            if (use_tpe)
                search_tpe(&space, seed, k, seen, k, 10, seen[k].x);
            else
                search_random(&space, seed, k, seen[k].x);
            seen[k].score = NAN;
        }
        for (int k = t; k < t + 4; k++) {
            seen[k].score = height(seed, k, seen[k].x);
            best = seen[k].score > seen[best].score ? k : best;
        }
    }
    double v = height(seed, best, seen[best].x); /* without its noise */
    return v - 0.02 * rng_normal(seed, 901, (uint64_t)best);
}

/* 200 seeds, paired: the mean gain of TPE over chance with its 99.9 % interval, which must be above 0. */
static void tpe_beats_chance(void)
{
    double sum = 0, squares = 0;
    int n = 200;
    make_space();
    for (int s = 0; s < n; s++) {
        double gain = true_best((uint64_t)s, 1, 40) - true_best((uint64_t)s, 0, 40);
        sum += gain;
        squares += gain * gain;
    }
    double mean = sum / n, error = sqrt((squares / n - mean * mean) / (n - 1));
    fprintf(stderr, "TPE over chance, 40 trials, 200 seeds from 0: mean gain %.4f, standard error %.4f\n", mean, error);
    CU_ASSERT_TRUE(mean - 3.29 * error > 0);
    cJSON_Delete((cJSON *)(uintptr_t)space.dim[2].choices);
}

static void tpe_edges(void)
{
    struct search_seen seen[40];
    double a[SEARCH_DIMS], b[SEARCH_DIMS];
    make_space();
    for (int i = 0; i < 40; i++) {
        search_random(&space, 3, i, seen[i].x);
        seen[i].score = i % 3 ? NAN : 0.5; /* failed ones, and equal ones */
    }
    search_tpe(&space, 3, 50, seen, 9, 10, a); /* too few */
    search_random(&space, 3, 50, b);
    CU_ASSERT_EQUAL(memcmp(a, b, sizeof *a * 3), 0);
    for (int t = 0; t < 200; t++) {
        search_tpe(&space, 3, 50 + t, seen, 40, 10, a);
        CU_ASSERT_TRUE(a[0] >= 0 && a[0] <= 1 && a[1] >= 0 && a[1] <= 1 && (a[2] == 0 || a[2] == 1 || a[2] == 2));
    }
    cJSON_Delete((cJSON *)(uintptr_t)space.dim[2].choices);
}

/* ---- ASHA ---- */

static void rungs(void)
{
    struct search_asha a;
    search_asha_make(&a, 1, 9, 3);
    CU_ASSERT_TRUE(a.rungs == 3 && a.epochs[0] == 1 && a.epochs[1] == 3 && a.epochs[2] == 9);
    search_asha_make(&a, 2, 10, 3);
    CU_ASSERT_TRUE(a.rungs == 3 && a.epochs[0] == 2 && a.epochs[1] == 6 && a.epochs[2] == 10);
    search_asha_make(&a, 10, 10, 3);
    CU_ASSERT_TRUE(a.rungs == 1 && a.epochs[0] == 10);
}

static void promotions(void)
{
    struct search_asha a;
    struct search_rung r[16] = { { 0, 0, 0.5, 0 }, { 1, 0, 0.9, 0 }, { 2, 0, 0.7, 0 }, { 3, 0, 0.9, 0 }, { 4, 0, NAN, 0 }, { 5, 0, 0.1, 0 }, { 6, 0, 0.2, 0 } };
    search_asha_make(&a, 1, 9, 3);
    CU_ASSERT_EQUAL(search_promote(&a, r, 2), -1);  /* floor(2 / 3) = 0 may go on */
    CU_ASSERT_EQUAL(search_promote(&a, r, 3), 1);   /* one of three: the best */
    r[1].promoted = 1;
    CU_ASSERT_EQUAL(search_promote(&a, r, 5), -1);  /* floor(5 / 3) = 1, which has gone on */
    CU_ASSERT_EQUAL(search_promote(&a, r, 7), 3);   /* two of seven, of equal scores the lower trial first */
    r[3].promoted = 1;
    CU_ASSERT_EQUAL(search_promote(&a, r, 7), -1);
    r[7] = (struct search_rung){ 1, 1, 0.8, 0 };
    r[8] = (struct search_rung){ 3, 1, 0.85, 0 };
    r[9] = (struct search_rung){ 7, 0, 0.95, 0 };
    CU_ASSERT_EQUAL(search_promote(&a, r, 9), -1);
    r[10] = (struct search_rung){ 8, 0, 0.3, 0 };   /* nine results: three may go on, of which two have */
    CU_ASSERT_EQUAL(search_promote(&a, r, 11), 9);
    r[9].promoted = 1;
    r[11] = (struct search_rung){ 7, 1, 0.7, 0 };
    CU_ASSERT_EQUAL(search_promote(&a, r, 12), 8);  /* higher rungs first: one of three */
    r[8].promoted = 1;
    r[12] = (struct search_rung){ 3, 2, 0.9, 0 };   /* the last rung leads nowhere */
    CU_ASSERT_EQUAL(search_promote(&a, r, 13), -1);
    struct search_rung failed[3] = { { 0, 0, NAN, 0 }, { 1, 0, NAN, 0 }, { 2, 0, NAN, 0 } };
    CU_ASSERT_EQUAL(search_promote(&a, failed, 3), -1);
}

/* The order in which results are listed decides nothing. */
static void any_order(void)
{
    struct search_asha a;
    struct search_rung r[9], moved[9];
    search_asha_make(&a, 1, 9, 3);
    for (int i = 0; i < 9; i++)
        r[i] = (struct search_rung){ i, 0, (double)(i * 5 % 7), 0 };
    int first = r[search_promote(&a, r, 9)].trial;
    for (int shift = 1; shift < 9; shift++) {
        for (int i = 0; i < 9; i++)
            moved[i] = r[(i + shift) % 9];
        CU_ASSERT_EQUAL(moved[search_promote(&a, moved, 9)].trial, first);
    }
}

int test_search(void)
{
    CU_pSuite suite = CU_add_suite("search", NULL, NULL);
    return suite && CU_add_test(suite, "grids and values", grids) && CU_add_test(suite, "chance", chance) &&
           CU_add_test(suite, "TPE beats chance", tpe_beats_chance) && CU_add_test(suite, "edges of TPE", tpe_edges) && CU_add_test(suite, "rungs of ASHA", rungs) &&
           CU_add_test(suite, "promotions of ASHA", promotions) && CU_add_test(suite, "any order", any_order) ? 0 : -1;
}
