/* Intervals: Wilson's for shares, percentile intervals of a seeded bootstrap for everything else.
 * Not a test of differences between agents. Called by metrics.c, evaluate.c, slices.c and advice.c. */
#ifndef JUDGE_STATS_H
#define JUDGE_STATS_H
#include <stdint.h>

#define STATS_LEVEL 0.95
#define STATS_Z 1.9599639845400545 /* the normal quantile at (1 + STATS_LEVEL) / 2 */

struct interval {
    double low, high; /* NaN: not known */
};

/* Wilson's score interval without continuity correction for k successes of n; NaN for n < 1. [any, pure] */
struct interval stats_wilson(int64_t k, int64_t n, double z);
/* The quantile at p in [0, 1] of ascending values, linear between order statistics; NaN for n < 1. [any, pure] */
double stats_quantile(const double *ascending, int64_t n, double p);
/* The central interval of that level of values; sorts v in place and leaves NaN out. NaN with fewer than 20 values. */
struct interval stats_percentiles(double *v, int64_t n, double level);
/* How often a row is in a replicate of the bootstrap: Poisson with mean 1, a function of its arguments only, so that rows
 * may be looked at in any pieces and order (Chamandy et al., 2012, "Estimating uncertainty for massive data streams"). Chances are
 * multiples of 2^-16 whose mean is 1 exactly. replicate < 2^31. [any, pure] */
int stats_resample(uint64_t seed, int64_t replicate, int64_t row);
/* The same for rows first .. first + n. [any, pure] */
void stats_weights(uint64_t seed, int64_t replicate, int64_t first, int64_t n, uint8_t *weight);
/* sum of weight[i] x[i], in an order that depends on n only. [any, pure] */
double stats_weighted_sum(const uint8_t *weight, const double *x, int64_t n);

#endif
