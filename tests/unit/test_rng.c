/* Random numbers: known answers, ranges, moments, shuffles. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdint.h>
#include "core/base/rng.h"
#include "tests/unit/rng_reference.h"
#include "tests/unit/suites.h"

static void known_answers(void)
{
    for (size_t i = 0; i < sizeof philox_reference / sizeof philox_reference[0]; i++)
        CU_ASSERT_EQUAL(rng_u64(philox_reference[i].seed, philox_reference[i].stream, philox_reference[i].counter),
                        philox_reference[i].value);
}

/* Bounds are five standard errors. */
static void moments(void)
{
    const int n = 200000;
    double sum = 0, normal = 0, squares = 0;
    int outside = 0;
    for (int i = 0; i < n; i++) {
        double u = rng_unit(7, RNG_INIT, (uint64_t)i), z = rng_normal(7, RNG_INIT, (uint64_t)i);
        outside += !(u >= 0 && u < 1) || !isfinite(z);
        sum += u;
        normal += z;
        squares += z * z;
    }
    CU_ASSERT_EQUAL(outside, 0);
    CU_ASSERT_DOUBLE_EQUAL(sum / n, 0.5, 5 * sqrt(1.0 / 12 / n));
    CU_ASSERT_DOUBLE_EQUAL(normal / n, 0, 5 / sqrt(n));
    CU_ASSERT_DOUBLE_EQUAL(squares / n, 1, 5 * sqrt(2.0 / n));
}

static void below(void)
{
    int count[7] = { 0 };
    for (uint64_t i = 0; i < 70000; i++) {
        uint64_t v = rng_below(3, RNG_ORDER, i, 7);
        CU_ASSERT_FATAL(v < 7);
        count[v]++;
    }
    for (int i = 0; i < 7; i++)
        CU_ASSERT_DOUBLE_EQUAL(count[i], 10000, 5 * sqrt(70000 * 6.0 / 49));
    CU_ASSERT_EQUAL(rng_below(1, RNG_ORDER, 9, 1), 0);
    CU_ASSERT(rng_below(1, RNG_ORDER, 9, UINT64_MAX) < UINT64_MAX);
}

static void shuffles(void)
{
    int64_t v[100], again[100], other[100], sum = 0;
    int first[3] = { 0 }, same = 0, different = 0;
    for (int64_t i = 0; i < 100; i++)
        v[i] = again[i] = other[i] = i;
    rng_shuffle(5, RNG_ORDER, 1, v, 100);
    rng_shuffle(5, RNG_ORDER, 1, again, 100);
    rng_shuffle(5, RNG_ORDER, 2, other, 100);
    for (int i = 0; i < 100; i++) {
        sum += v[i] * v[i];
        same += v[i] == again[i];
        different += v[i] != other[i];
    }
    CU_ASSERT_EQUAL(sum, 99 * 100 * 199 / 6);
    CU_ASSERT_EQUAL(same, 100);
    CU_ASSERT(different > 50);
    for (uint32_t i = 0; i < 30000; i++) {
        int64_t three[] = { 0, 1, 2 };
        rng_shuffle(11, RNG_SPLIT, i, three, 3);
        first[three[0]]++;
    }
    for (int i = 0; i < 3; i++)
        CU_ASSERT_DOUBLE_EQUAL(first[i], 10000, 5 * sqrt(30000 * 2.0 / 9));
    rng_shuffle(1, RNG_SPLIT, 0, NULL, 0);
}

int test_rng(void)
{
    CU_pSuite s = CU_add_suite("rng", NULL, NULL);
    return s && CU_add_test(s, "known answers", known_answers) && CU_add_test(s, "moments", moments)
           && CU_add_test(s, "below", below) && CU_add_test(s, "shuffles", shuffles) ? 0 : -1;
}
