/* See stats.h. */
#include "core/judge/stats.h"

#include <math.h>
#include <stdlib.h>
#include "core/base/rng.h"

#define MIN_REPLICATES 20

struct interval stats_wilson(int64_t k, int64_t n, double z)
{
    if (n < 1)
        return (struct interval){ NAN, NAN };
    double p = (double)k / (double)n, m = z * z / (double)n;
    double centre = (p + m / 2) / (1 + m);
    double half = z / (1 + m) * sqrt(p * (1 - p) / (double)n + m / (4 * (double)n));
    return (struct interval){ .low = k == 0 ? 0 : fmax(centre - half, 0), .high = k == n ? 1 : fmin(centre + half, 1) };
}

double stats_quantile(const double *ascending, int64_t n, double p)
{
    if (n < 1)
        return NAN;
    double at = p * (double)(n - 1);
    int64_t below = (int64_t)floor(at);
    if (below >= n - 1)
        return ascending[n - 1];
    return ascending[below] + (at - (double)below) * (ascending[below + 1] - ascending[below]);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct interval stats_percentiles(double *v, int64_t n, double level)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++) {
        if (!isnan(v[i]))
            v[kept++] = v[i];
    }
    if (kept < MIN_REPLICATES)
        return (struct interval){ NAN, NAN };
    qsort(v, (size_t)kept, sizeof *v, ascending);
    return (struct interval){ stats_quantile(v, kept, (1 - level) / 2), stats_quantile(v, kept, (1 + level) / 2) };
}

int stats_resample(uint64_t seed, int64_t replicate, int64_t row)
{
    double u = rng_unit(seed, RNG_BOOTSTRAP, (uint64_t)replicate << 32 | (uint64_t)row);
    double term = 0.36787944117144233; /* e^-1 */
    int k = 0;
    while (u >= term && k < 16) {
        u -= term;
        term /= ++k;
    }
    return k;
}
