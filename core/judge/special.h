/* Distribution functions that tests of differences need. Accurate to about 1e-12 relative; not bit-stable across machines, since they
 * call libm. Used by difference.c. */
#ifndef JUDGE_SPECIAL_H
#define JUDGE_SPECIAL_H
#include <stdint.h>

/* The regularised upper incomplete gamma function, a > 0, x >= 0 (DLMF 8.2.4): 1 - CDF of chi-squared is gamma_q(df / 2, x / 2). [any, pure] */
double special_gamma_q(double a, double x);
/* The regularised incomplete beta function I_x(a, b), a, b > 0 (DLMF 8.17.2). [any, pure] */
double special_beta(double a, double b, double x);
/* P(Z <= z) of the standard normal, and its inverse for 0 < p < 1. [any, pure] */
double special_normal(double z);
double special_normal_quantile(double p);
/* P(|T| >= |t|) of Student's distribution. [any, pure] */
double special_student(double t, double df);
/* P(X <= k) for X binomial with n trials of chance 1/2. [any, pure] */
double special_binomial_half(int64_t k, int64_t n);

#endif
