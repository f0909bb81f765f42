/* What a policy would have earned, estimated from a log of another policy's actions: value, interval, and how much of the log speaks
 * for it. Knows no agent; who calls it has computed what the policy would do. Formulas and papers: docs/formulas.md. Called by the
 * worker's task off_policy. */
#ifndef JUDGE_OFF_POLICY_H
#define JUDGE_OFF_POLICY_H
#include <stdint.h>
#include "core/base/err.h"

/* A logged row. */
struct logged_row {
    double weight;    /* of the example, > 0 */
    double reward;
    double ratio;     /* probability of the logged action in the policy / in the log, >= 0 */
    double hat;       /* reward that a model expects of the logged action */
    double value;     /* reward that the model expects of the policy: sum over actions of probability times estimate */
};

enum { OFF_IPS, OFF_SNIPS, OFF_DM, OFF_DR, OFF_SWITCH_DR, OFF_ESTIMATORS };
extern const char *const off_policy_names[OFF_ESTIMATORS]; /* "ips", "snips", "dm", "dr", "switch_dr" */

struct off_policy {
    int64_t rows;
    struct off_estimate {
        double value, error;     /* the estimate and its standard error; NaN: not known */
        double low, high;        /* interval of STATS_LEVEL */
    } estimate[OFF_ESTIMATORS];
    double effective;            /* effective sample size: (sum w ratio)^2 / sum (w ratio)^2 */
    double mean_ratio, max_ratio;/* the mean is 1 but for chance when the propensities are true and the log could do all that the policy does */
    double ratio_error;          /* standard error of the mean */
    double average_reward;       /* of the log itself */
};

/* `limit` > 0: Switch-DR trusts the model alone where the ratio is above it. ERR_PRECONDITION with fewer than 2 rows. [pure] */
int off_policy_estimate(const struct logged_row *row, int64_t n, double limit, struct off_policy *out, struct hone_err *err);

#endif
