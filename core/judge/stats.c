/* See stats.h. */
#include "core/judge/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
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

/* ---- resampling: 128 rows take the 16-bit halves of the words of 16 counters ---- */

#define GROUP 128
#define COUNTERS 16

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && defined(__gnu_linux__) \
    && !defined(__clang__)
#define WIDE __attribute__((target_clones("default", "avx2")))
#else
#define WIDE
#endif

/* The inverse of the distribution function at u / 65536: P(X >= 1) = 41427 / 65536, and so on up to 8. */
static inline uint16_t poisson(uint16_t u)
{
    return (uint16_t)((u >= 24109) + (u >= 48219) + (u >= 60273) + (u >= 64292) + (u >= 65296) + (u >= 65497) + (u >= 65531) + (u >= 65535));
}

WIDE static void group_weights(const uint32_t *restrict word, uint8_t *restrict weight)
{
    uint16_t u[GROUP];
    for (int i = 0; i < GROUP / 2; i++) {
        u[2 * i] = (uint16_t)word[i];
        u[2 * i + 1] = (uint16_t)(word[i] >> 16);
    }
    for (int i = 0; i < GROUP; i++)
        weight[i] = (uint8_t)poisson(u[i]);
}

void stats_weights(uint64_t seed, int64_t replicate, int64_t first, int64_t n, uint8_t *weight)
{
    uint32_t word[4 * COUNTERS];
    uint8_t all[GROUP];
    for (int64_t done = 0; done < n;) {
        int64_t group = (first + done) / GROUP, skip = (first + done) % GROUP, take = GROUP - skip < n - done ? GROUP - skip : n - done;
        rng_words(seed, RNG_BOOTSTRAP, (uint64_t)replicate << 33 | (uint64_t)(group * COUNTERS), COUNTERS, word);
        if (take == GROUP) {
            group_weights(word, weight + done);
        } else {
            group_weights(word, all);
            memcpy(weight + done, all + skip, (size_t)take);
        }
        done += take;
    }
}

int stats_resample(uint64_t seed, int64_t replicate, int64_t row)
{
    uint8_t weight;
    stats_weights(seed, replicate, row, 1, &weight);
    return weight;
}

WIDE static double sum8(const uint8_t *restrict weight, const double *restrict x, int64_t n)
{
    double s[8] = { 0 };
    for (int64_t i = 0; i < n; i += 8) {
        for (int k = 0; k < 8; k++)
            s[k] += (double)weight[i + k] * x[i + k];
    }
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
}

double stats_weighted_sum(const uint8_t *weight, const double *x, int64_t n)
{
    int64_t whole = n / 8 * 8;
    double sum = sum8(weight, x, whole);
    for (int64_t i = whole; i < n; i++)
        sum += (double)weight[i] * x[i];
    return sum;
}
