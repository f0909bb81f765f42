/* See special.h. Series and continued fractions as in DLMF 8.7.3, 8.9.2 and 8.17.22, the latter by Lentz's method (Thompson & Barnett
 * 1986, "Coulomb and Bessel functions of complex arguments and order"). */
#include "core/judge/special.h"

#include <math.h>

#define TURNS 10000
#define ENOUGH 1e-16
#define TINY 1e-300

/* lgamma() of what is not negative; it would leave the sign in a variable that all threads share. */
static double log_gamma(double x)
{
    int sign;
    return lgamma_r(x, &sign);
}

double special_gamma_q(double a, double x)
{
    if (!(x > 0))
        return x <= 0 ? 1 : (double)NAN;
    double front = exp(a * log(x) - x - log_gamma(a));
    if (x < a + 1) {
        double term = 1 / a, sum = term;
        for (int n = 1; n < TURNS && term > sum * ENOUGH; n++)
            sum += term *= x / (a + n);
        return 1 - front * sum;
    }
    double b = x + 1 - a, c = 1 / TINY, d = 1 / b, h = d;
    for (int n = 1; n < TURNS; n++) {
        double an = -n * (n - a);
        b += 2;
        d = an * d + b;
        d = 1 / (fabs(d) < TINY ? TINY : d);
        c = b + an / c;
        c = fabs(c) < TINY ? TINY : c;
        h *= d * c;
        if (fabs(d * c - 1) < ENOUGH)
            break;
    }
    return front * h;
}

static double beta_fraction(double a, double b, double x)
{
    double c = 1, d = 1 - (a + b) * x / (a + 1), h;
    d = 1 / (fabs(d) < TINY ? TINY : d);
    h = d;
    for (int m = 1; m < TURNS; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 + even * d;
        c = 1 + even / c;
        d = 1 / (fabs(d) < TINY ? TINY : d);
        c = fabs(c) < TINY ? TINY : c;
        h *= d * c;
        d = 1 + odd * d;
        c = 1 + odd / c;
        d = 1 / (fabs(d) < TINY ? TINY : d);
        c = fabs(c) < TINY ? TINY : c;
        h *= d * c;
        if (fabs(d * c - 1) < ENOUGH)
            break;
    }
    return h;
}

double special_beta(double a, double b, double x)
{
    if (!(x > 0) || x >= 1)
        return x <= 0 ? 0 : x >= 1 ? 1 : (double)NAN;
    double front = exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log1p(-x));
    return x < (a + 1) / (a + b + 2) ? front * beta_fraction(a, b, x) / a : 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double special_normal(double z)
{
    return 0.5 * erfc(-z * 0.70710678118654752440);
}

double special_normal_quantile(double p)
{
    if (!(p > 0) || !(p < 1))
        return p <= 0 ? -(double)INFINITY : p >= 1 ? (double)INFINITY : (double)NAN;
    double q = p < 0.5 ? p : 1 - p, t = sqrt(-2 * log(q)); /* Abramowitz & Stegun 26.2.23, then Newton's steps */
    double z = -(t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))));
    for (int i = 0; i < 4; i++)
        z -= (special_normal(z) - q) / (0.39894228040143267794 * exp(-z * z / 2));
    return p < 0.5 ? z : -z;
}

double special_student(double t, double df)
{
    return special_beta(df / 2, 0.5, df / (df + t * t));
}

double special_binomial_half(int64_t k, int64_t n)
{
    if (k < 0)
        return 0;
    if (k >= n)
        return 1;
    int64_t from = k <= n / 2 ? k : n - k - 1; /* the shorter tail, from its greatest term down */
    double term = exp(log_gamma((double)n + 1) - log_gamma((double)from + 1) - log_gamma((double)(n - from) + 1) - (double)n * 0.69314718055994530942), sum = 0;
    for (int64_t i = from; i >= 0 && term > sum * ENOUGH; i--) {
        sum += term;
        term *= (double)i / (double)(n - i + 1);
    }
    return k <= n / 2 ? sum : 1 - sum;
}
