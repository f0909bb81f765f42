/* Off-policy estimates against an independent derivation, and the coverage of their intervals in simulated logs. */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "core/base/rng.h"
#include "core/judge/off_policy.h"
#include "core/judge/stats.h"
#include "tests/unit/off_policy_reference.h"
#include "tests/unit/suites.h"

static void reference(void)
{
    struct off_policy o;
    struct hone_err err = { 0 };
    const int64_t n = sizeof reference_log / sizeof reference_log[0];
    CU_ASSERT_EQUAL(off_policy_estimate(reference_log, n, reference_limit, &o, &err), 0);
    for (int k = 0; k < OFF_ESTIMATORS; k++) {
        CU_ASSERT_DOUBLE_EQUAL(o.estimate[k].value, reference_estimate[k].value, 1e-12);
        CU_ASSERT_DOUBLE_EQUAL(o.estimate[k].error, reference_estimate[k].error, 1e-8);
        CU_ASSERT_DOUBLE_EQUAL(o.estimate[k].high - o.estimate[k].low, 2 * 1.959963984540054 * o.estimate[k].error, 1e-12);
    }
    CU_ASSERT(fabs(o.estimate[OFF_DR].value - o.estimate[OFF_SWITCH_DR].value) > 1e-3); /* the limit cuts something here */
    CU_ASSERT_DOUBLE_EQUAL(o.effective, reference_effective, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(o.average_reward, reference_reward, 1e-12);
}

static void edges(void)
{
    struct logged_row row[2] = { { 1, 1, 0, 0.5, 0.25 }, { 1, 0, 0, 0.5, 0.75 } };
    struct off_policy o;
    struct hone_err err = { 0 };
    CU_ASSERT_EQUAL(off_policy_estimate(row, 1, 10, &o, &err), ERR_PRECONDITION);
    CU_ASSERT_EQUAL(off_policy_estimate(row, 2, 10, &o, &err), 0);
    CU_ASSERT(isnan(o.estimate[OFF_SNIPS].value)); /* the policy never does what the log did */
    CU_ASSERT_EQUAL(o.estimate[OFF_IPS].value, 0);
    CU_ASSERT_EQUAL(o.effective, 0);
    CU_ASSERT_EQUAL(o.estimate[OFF_DM].value, 0.5);
}

/* ---- a world of 4 contexts and 5 actions ---- */

enum { CONTEXTS = 4, ACTIONS = 5, ROWS = 600, LOGS = 1000 };

struct world {
    double reward[CONTEXTS][ACTIONS]; /* probability of reward 1 */
    double acts[CONTEXTS][ACTIONS], policy[CONTEXTS][ACTIONS], model[CONTEXTS][ACTIONS];
    double truth;
};

static void make_world(struct world *w, double wrong)
{
    w->truth = 0;
    for (int x = 0; x < CONTEXTS; x++) {
        double a = 0, b = 0;
        for (int k = 0; k < ACTIONS; k++) {
            uint64_t at = (uint64_t)(x * ACTIONS + k);
            w->reward[x][k] = 0.1 + 0.8 * rng_unit(5, 80, at);
            a += w->acts[x][k] = 0.4 + rng_unit(5, 81, at);
            b += w->policy[x][k] = 0.1 + rng_unit(5, 82, at) * rng_unit(5, 82, at + 1000);
            w->model[x][k] = w->reward[x][k] + wrong * (rng_unit(5, 83, at) - 0.5);
        }
        for (int k = 0; k < ACTIONS; k++) {
            w->acts[x][k] /= a;
            w->policy[x][k] /= b;
            w->truth += w->policy[x][k] * w->reward[x][k] / CONTEXTS;
        }
    }
}

static void make_log(const struct world *w, uint64_t log, struct logged_row *row)
{
    for (uint64_t i = 0; i < ROWS; i++) {
        uint64_t at = log << 20 | i << 2;
        int x = (int)rng_below(11, 84, at, CONTEXTS), a = 0;
        double u = rng_unit(11, 84, at + 1);
        for (double sum = w->acts[x][0]; u >= sum && a < ACTIONS - 1; sum += w->acts[x][a])
            a++;
        row[i] = (struct logged_row){ .weight = 1, .reward = rng_unit(11, 84, at + 2) < w->reward[x][a],
                                      .ratio = w->policy[x][a] / w->acts[x][a], .hat = w->model[x][a] };
        for (int k = 0; k < ACTIONS; k++)
            row[i].value += w->policy[x][k] * w->model[x][k];
    }
}

static void count_covered(double wrong, int64_t covered[OFF_ESTIMATORS])
{
    static struct logged_row row[ROWS];
    struct world w;
    struct hone_err err = { 0 };
    make_world(&w, wrong);
    memset(covered, 0, OFF_ESTIMATORS * sizeof *covered);
    for (uint64_t log = 0; log < LOGS; log++) {
        struct off_policy o;
        make_log(&w, log, row);
        CU_ASSERT_EQUAL_FATAL(off_policy_estimate(row, ROWS, 3, &o, &err), 0);
        for (int k = 0; k < OFF_ESTIMATORS; k++)
            covered[k] += o.estimate[k].low <= w.truth && w.truth <= o.estimate[k].high;
    }
}

static void expect_covered(const char *what, int estimator, int64_t covered)
{
    if (covered < 930 || covered > 970)
        printf("\n%s: %s covers %lld of %d (seed 11)\n", what, off_policy_names[estimator], (long long)covered, LOGS);
    CU_ASSERT(covered >= 930 && covered <= 970);
}

static void coverage(void)
{
    int64_t covered[OFF_ESTIMATORS];
    count_covered(0, covered); /* a true model: all five */
    for (int k = 0; k < OFF_ESTIMATORS; k++)
        expect_covered("true model", k, covered[k]);
    count_covered(0.8, covered); /* a bad model misleads dm; ips, snips and dr are still right */
    expect_covered("bad model", OFF_IPS, covered[OFF_IPS]);
    expect_covered("bad model", OFF_SNIPS, covered[OFF_SNIPS]);
    expect_covered("bad model", OFF_DR, covered[OFF_DR]);
    CU_ASSERT(covered[OFF_DM] < 500);
}

int test_off_policy(void)
{
    CU_pSuite s = CU_add_suite("off_policy", NULL, NULL);
    if (!s || !CU_add_test(s, "reference", reference) || !CU_add_test(s, "edges", edges) || !CU_add_test(s, "coverage", coverage))
        return -1;
    return 0;
}
