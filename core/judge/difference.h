/* Tests of differences between runs on the same rows, effect sizes, and what a number of rows can show. Numbers in, numbers out; which
 * test is asked when is compare.c's. Every formula stands in docs/evaluation.md with its source. */
#ifndef JUDGE_DIFFERENCE_H
#define JUDGE_DIFFERENCE_H
#include <stdint.h>
#include "core/base/err.h"
#include "core/base/pool.h"
#include "core/judge/stats.h"

/* Rows that two runs answer differently: b only the first has right, c only the second; p is exact, two-sided (McNemar 1947; the
 * conditional binomial test). 1 without such rows. [any, pure] */
double difference_mcnemar(int64_t b, int64_t c);
/* Whether k runs differ: right[run][row] is 0 or 1 (Cochran 1950). *q gets the statistic; p by chi-squared with k - 1 degrees of
 * freedom, 1 when no row tells the runs apart. [any, pure] */
double difference_cochran(const uint8_t *const *right, int64_t k, int64_t n, double *q);
/* Signed ranks of d[n], zeros left out (Wilcoxon 1945): exact for at most 50 values without ties and zeros, else the normal
 * approximation corrected for ties. *w gets the lesser rank sum. p; 1 when all are 0. NaN when memory runs out. [any] */
double difference_wilcoxon(const double *d, int64_t n, double *w);
/* Means of two samples of unequal variance (Welch 1947). NaN with fewer than two values on a side or without any variance. [any, pure] */
double difference_welch(const double *a, int64_t na, const double *b, int64_t nb, double *t, double *df);
/* The mean of d[n] against sign flips (Fisher 1935): (1 + flips at least as far from 0) / (1 + flips), flips drawn from (seed, flip,
 * row). pool may be NULL. *p; HONE_ENOMEM. [main] */
int difference_permutation(const double *d, int64_t n, int64_t flips, uint64_t seed, struct pool *pool, double *p, struct hone_err *err);
/* The percentile interval of the mean of d[n] by the bootstrap of stats.h. pool may be NULL. HONE_ENOMEM. [main] */
int difference_bootstrap(const double *d, int64_t n, int64_t replicates, uint64_t seed, struct pool *pool, struct interval *v, struct hone_err *err);
/* Holm's correction (1979) of n p-values, n <= 64, into adjusted[n]. [any, pure] */
void difference_holm(const double *p, int64_t n, double *adjusted);
/* 2 asin sqrt p - 2 asin sqrt q, and b / (b + c) - 1/2 (Cohen 1988); the second NaN without such rows. [any, pure] */
double difference_cohen_h(double p, double q);
double difference_cohen_g(int64_t b, int64_t c);
/* The rows that McNemar's test needs to find a difference d of accuracy when the share psi of rows is answered differently (Connor 1987);
 * NaN for d = 0 or |d| > psi. And the least difference that n rows show. Two-sided alpha, power as a chance. [any, pure] */
double difference_rows(double d, double psi, double alpha, double power);
double difference_least(int64_t n, double psi, double alpha, double power);
/* Two one-sided score tests (Tango 1998) that the difference of accuracy (b - c) / n lies within -margin .. margin: the greater p.
 * [any, pure] */
double difference_equivalence(int64_t b, int64_t c, int64_t n, double margin);

#endif
