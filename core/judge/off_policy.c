/* See off_policy.h. */
#include "core/judge/off_policy.h"

#include <math.h>
#include <stddef.h>
#include "core/judge/stats.h"

const char *const off_policy_names[OFF_ESTIMATORS] = { "ips", "snips", "dm", "dr", "switch_dr" };

/* What row counts for an estimate that is a mean. */
static double term(int estimator, const struct logged_row *r, double limit)
{
    switch (estimator) {
    case OFF_IPS:
        return r->ratio * r->reward;
    case OFF_DM:
        return r->value;
    case OFF_DR:
        return r->value + r->ratio * (r->reward - r->hat);
    default:
        return r->value + (r->ratio <= limit ? r->ratio * (r->reward - r->hat) : 0);
    }
}

static struct off_estimate around(double value, double error)
{
    return (struct off_estimate){ value, error, value - STATS_Z * error, value + STATS_Z * error };
}

/* A weighted mean, and the standard error that the spread of its terms shows. */
static struct off_estimate mean_of(int estimator, const struct logged_row *row, int64_t n, double limit)
{
    double sum = 0, weights = 0, spread = 0;
    for (int64_t i = 0; i < n; i++) {
        sum += row[i].weight * term(estimator, &row[i], limit);
        weights += row[i].weight;
    }
    double value = sum / weights;
    for (int64_t i = 0; i < n; i++) {
        double off = row[i].weight * (term(estimator, &row[i], limit) - value);
        spread += off * off;
    }
    return around(value, sqrt(spread * (double)n / (double)(n - 1)) / weights);
}

/* A quotient of sums; its error by linearisation (the delta method). */
static struct off_estimate self_normalised(const struct logged_row *row, int64_t n)
{
    double sum = 0, ratios = 0, spread = 0;
    for (int64_t i = 0; i < n; i++) {
        sum += row[i].weight * row[i].ratio * row[i].reward;
        ratios += row[i].weight * row[i].ratio;
    }
    if (!(ratios > 0))
        return (struct off_estimate){ NAN, NAN, NAN, NAN };
    double value = sum / ratios;
    for (int64_t i = 0; i < n; i++) {
        double off = row[i].weight * row[i].ratio * (row[i].reward - value);
        spread += off * off;
    }
    return around(value, sqrt(spread * (double)n / (double)(n - 1)) / ratios);
}

int off_policy_estimate(const struct logged_row *row, int64_t n, double limit, struct off_policy *out, struct hone_err *err)
{
    double weights = 0, ratios = 0, squares = 0, reward = 0;
    *out = (struct off_policy){ .rows = n };
    if (n < 2)
        return hone_fail(err, ERR_PRECONDITION, "the log has %lld usable rows; an estimate with an interval needs at least 2", (long long)n);
    for (int64_t i = 0; i < n; i++) {
        double w = row[i].weight * row[i].ratio;
        weights += row[i].weight;
        reward += row[i].weight * row[i].reward;
        ratios += w;
        squares += w * w;
        out->max_ratio = row[i].ratio > out->max_ratio ? row[i].ratio : out->max_ratio;
    }
    out->effective = squares > 0 ? ratios * ratios / squares : 0;
    out->mean_ratio = ratios / weights;
    out->average_reward = reward / weights;
    for (int64_t i = 0; i < n; i++) {
        double off = row[i].weight * (row[i].ratio - out->mean_ratio);
        out->ratio_error += off * off;
    }
    out->ratio_error = sqrt(out->ratio_error * (double)n / (double)(n - 1)) / weights;
    for (int k = 0; k < OFF_ESTIMATORS; k++)
        out->estimate[k] = k == OFF_SNIPS ? self_normalised(row, n) : mean_of(k, row, n, limit);
    return 0;
}
