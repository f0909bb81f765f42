/* Areas under curves against their definitions, pair by pair and threshold by threshold; and what each row weighs in them against differences of these. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/rng.h"
#include "plugins/metrics/ranking.h"
#include "tests/unit/suites.h"

enum { MOST = 60 };

struct rows {
    int n, positive;
    float score[MOST];
    int32_t label[MOST];
    float weight[MOST];
};

static int is_positive(const struct rows *r, int i)
{
    return r->positive < 0 ? r->label[i] >= 0 : r->label[i] == r->positive;
}

static double area_by_pairs(const struct rows *r, const double *w)
{
    double sum = 0, pos = 0, neg = 0;
    for (int i = 0; i < r->n; i++)
        *(is_positive(r, i) ? &pos : &neg) += w[i];
    for (int i = 0; i < r->n; i++)
        for (int k = 0; k < r->n; k++)
            if (is_positive(r, i) && !is_positive(r, k))
                sum += w[i] * w[k] * (r->score[i] > r->score[k] ? 1 : r->score[i] < r->score[k] ? 0 : 0.5);
    return sum / (pos * neg);
}

static double precision_by_thresholds(const struct rows *r, const double *w)
{
    double sum = 0, pos = 0;
    for (int i = 0; i < r->n; i++) {
        double tp = 0, fp = 0;
        for (int k = 0; k < r->n; k++)
            if (r->score[k] >= r->score[i])
                *(is_positive(r, k) ? &tp : &fp) += w[k];
        pos += is_positive(r, i) ? w[i] : 0;
        sum += is_positive(r, i) && w[i] > 0 ? w[i] * tp / (tp + fp) : 0;
    }
    return sum / pos;
}

/* The derivative of an area by the weight of a row, as a difference. */
static double slope(const struct rows *r, const double *w, int i, double (*area)(const struct rows *, const double *))
{
    const double h = 1e-5;
    double moved[MOST];
    memcpy(moved, w, sizeof moved);
    moved[i] = w[i] + h;
    double up = area(r, moved);
    moved[i] = w[i] - h;
    return (up - area(r, moved)) / (2 * h);
}

static void check(const struct rows *r, int weighted)
{
    struct ranking k = { 0 };
    double w[MOST] = { 0 }, of_area[MOST] = { 0 }, of_precision[MOST] = { 0 }, scratch[3 * (MOST + 1)], base = 0;
    for (int i = 0; i < r->n; i++)
        w[i] = weighted ? (double)r->weight[i] : 1;
    CU_ASSERT_EQUAL_FATAL(ranking_room(&k, r->n), 0);
    ranking_make(&k, r->score, r->label, r->positive, weighted ? r->weight : NULL);
    double area = ranking_auc(&k, of_area, &base, 3), precision = ranking_precision(&k, of_precision, 3, scratch);
    CU_ASSERT_DOUBLE_EQUAL(area, area_by_pairs(r, w), 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(precision, precision_by_thresholds(r, w), 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(ranking_auc(&k, NULL, NULL, 0), area, 0);
    CU_ASSERT_DOUBLE_EQUAL(ranking_precision(&k, NULL, 0, scratch), precision, 0);
    for (int i = 0; i < r->n; i++) {
        if (w[i] <= 0 && is_positive(r, i)) {
            CU_ASSERT_DOUBLE_EQUAL(of_area[i] + base, 0, 1e-9);
            CU_ASSERT_EQUAL(of_precision[i], 0);
        }
        if (w[i] <= 0)
            continue;
        CU_ASSERT_DOUBLE_EQUAL(of_area[i] + base, 3 * slope(r, w, i, area_by_pairs), 1e-5);
        CU_ASSERT_DOUBLE_EQUAL(of_precision[i], 3 * slope(r, w, i, precision_by_thresholds), 1e-5);
    }
    ranking_free(&k);
}

static void drawn(void)
{
    for (uint64_t t = 0; t < 40; t++) {
        struct rows r = { .n = 5 + (int)rng_below(7, 1, 1000 * t, MOST - 5), .positive = t % 3 == 0 ? -1 : 1 };
        for (int i = 0; i < r.n; i++) {
            uint64_t at = 1000 * t + 10 * (uint64_t)i;
            r.label[i] = r.positive < 0 ? (int32_t)rng_below(7, 1, at + 1, 2) - 1 : (int32_t)rng_below(7, 1, at + 1, 3);
            r.score[i] = (float)rng_below(7, 1, at + 2, t % 2 ? 1000 : 6) / 4 + (t % 4 == 0 && is_positive(&r, i) ? 1 : 0); /* with many ties, or few */
            r.weight[i] = (float)rng_below(7, 1, at + 3, 5) / 2; /* some 0 */
        }
        r.label[0] = r.positive < 0 ? 0 : 1;
        r.label[1] = r.positive < 0 ? -1 : 0;
        r.weight[0] = r.weight[1] = 1;
        check(&r, 0);
        check(&r, 1);
    }
}

static void edges(void)
{
    struct rows good = { .n = 4, .positive = 1, .score = { 1, 2, 3, 4 }, .label = { 0, 0, 1, 1 } };
    struct rows bad = { .n = 4, .positive = 1, .score = { 4, 3, 2, 1 }, .label = { 0, 0, 1, 1 } };
    struct rows flat = { .n = 4, .positive = 1, .score = { 1, 1, 1, 1 }, .label = { 0, 0, 1, 1 } };
    struct ranking k = { 0 };
    double scratch[3 * (MOST + 1)];
    CU_ASSERT_EQUAL_FATAL(ranking_room(&k, 4), 0);
    ranking_make(&k, good.score, good.label, 1, NULL);
    CU_ASSERT_EQUAL(ranking_auc(&k, NULL, NULL, 0), 1);
    CU_ASSERT_EQUAL(ranking_precision(&k, NULL, 0, scratch), 1);
    ranking_make(&k, bad.score, bad.label, 1, NULL);
    CU_ASSERT_EQUAL(ranking_auc(&k, NULL, NULL, 0), 0);
    CU_ASSERT_DOUBLE_EQUAL(ranking_precision(&k, NULL, 0, scratch), (1. / 3 + 2. / 4) / 2, 1e-12);
    ranking_make(&k, flat.score, flat.label, 1, NULL);
    CU_ASSERT_EQUAL(ranking_auc(&k, NULL, NULL, 0), 0.5);
    CU_ASSERT_EQUAL(ranking_precision(&k, NULL, 0, scratch), 0.5);
    ranking_make(&k, flat.score, flat.label, 2, NULL); /* nobody is positive */
    CU_ASSERT(isnan(ranking_auc(&k, NULL, NULL, 0)));
    CU_ASSERT(isnan(ranking_precision(&k, NULL, 0, scratch)));
    ranking_make(&k, flat.score, flat.label, -1, NULL); /* everybody is */
    CU_ASSERT(isnan(ranking_auc(&k, NULL, NULL, 0)));
    CU_ASSERT_EQUAL(ranking_precision(&k, NULL, 0, scratch), 1);
    ranking_make(&k, good.score, good.label, 1, (float[]){ 1, 1, 0, 0 }); /* the positives weigh nothing */
    CU_ASSERT(isnan(ranking_auc(&k, NULL, NULL, 0)));
    ranking_free(&k);
}

int test_ranking(void)
{
    CU_pSuite s = CU_add_suite("ranking", NULL, NULL);
    return s && CU_add_test(s, "drawn rows", drawn) && CU_add_test(s, "edges", edges) ? 0 : -1;
}
