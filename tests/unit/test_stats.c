/* Tests of core/judge/stats.c against SciPy's values (stats_reference.py). */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdint.h>
#include "core/judge/stats.h"
#include "tests/unit/stats_reference.h"
#include "tests/unit/suites.h"

static int near(double a, double b, double by)
{
    return fabs(a - b) <= by;
}

static void wilson(void)
{
    for (size_t i = 0; i < sizeof wilson_reference / sizeof wilson_reference[0]; i++) {
        struct interval v = stats_wilson(wilson_reference[i].k, wilson_reference[i].n, STATS_Z);
        CU_ASSERT(near(v.low, wilson_reference[i].low, 1e-12));
        CU_ASSERT(near(v.high, wilson_reference[i].high, 1e-12));
    }
    CU_ASSERT(isnan(stats_wilson(0, 0, STATS_Z).low));
}

static void quantile(void)
{
    int64_t n = sizeof quantile_values / sizeof quantile_values[0];
    for (size_t i = 0; i < sizeof quantile_reference / sizeof quantile_reference[0]; i++)
        CU_ASSERT(near(stats_quantile(quantile_values, n, quantile_reference[i].p), quantile_reference[i].q, 1e-12));
    CU_ASSERT(stats_quantile(quantile_values, 1, 0.3) == quantile_values[0]);
    CU_ASSERT(isnan(stats_quantile(quantile_values, 0, 0.5)));
}

static void percentiles(void)
{
    double v[101];
    for (int i = 0; i < 101; i++)
        v[i] = (i * 37) % 101;
    struct interval a = stats_percentiles(v, 101, 0.9);
    CU_ASSERT(near(a.low, 5, 1e-12) && near(a.high, 95, 1e-12));
    double few[20];
    for (int i = 0; i < 20; i++)
        few[i] = i ? i : (double)NAN;
    CU_ASSERT(isnan(stats_percentiles(few, 20, 0.9).low)); /* 19 values are too few */
}

/* Poisson with mean 1: mean, variance and the share of rows that are left out. */
static void resample_is_poisson(void)
{
    enum { N = 200000 };
    double sum = 0, squares = 0, absent = 0;
    for (int i = 0; i < N; i++) {
        int k = stats_resample(7, 3, i);
        sum += k;
        squares += k * k;
        absent += k == 0;
    }
    double mean = sum / N;
    CU_ASSERT(near(mean, 1, 0.01));
    CU_ASSERT(near(squares / N - mean * mean, 1, 0.02));
    CU_ASSERT(near(absent / N, exp(-1), 0.005));
    CU_ASSERT(stats_resample(7, 3, 11) == stats_resample(7, 3, 11));
}

static void bootstrap_of_a_mean(void)
{
    enum { ROWS = 400, REPLICATES = 4000 };
    static double means[REPLICATES];
    for (int b = 0; b < REPLICATES; b++) {
        double sum = 0, weight = 0;
        for (int i = 0; i < ROWS; i++) {
            double w = stats_resample(1, b, i);
            sum += w * ((i * 7919) % 1000) / 1000;
            weight += w;
        }
        means[b] = sum / weight;
    }
    struct interval v = stats_percentiles(means, REPLICATES, 0.95);
    CU_ASSERT(near(v.low, bootstrap_low, 0.003));
    CU_ASSERT(near(v.high, bootstrap_high, 0.003));
}

int test_stats(void)
{
    CU_pSuite s = CU_add_suite("stats", NULL, NULL);
    if (!s || !CU_add_test(s, "Wilson's interval as SciPy's", wilson) ||
        !CU_add_test(s, "quantiles as NumPy's", quantile) || !CU_add_test(s, "percentile intervals", percentiles) ||
        !CU_add_test(s, "resampling is Poisson with mean 1", resample_is_poisson) ||
        !CU_add_test(s, "bootstrap of a mean as SciPy's", bootstrap_of_a_mean))
        return -1;
    return 0;
}
