/* See difference.h. */
#include "core/judge/difference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/rng.h"
#include "core/judge/special.h"

#define EXACT 50 /* values up to which signed ranks are counted out */

double difference_mcnemar(int64_t b, int64_t c)
{
    return b == c ? 1 : fmin(1, 2 * special_binomial_half(b < c ? b : c, b + c));
}

double difference_cochran(const uint8_t *const *right, int64_t k, int64_t n, double *q)
{
    double columns = 0, columns_squared = 0, rows_squared = 0;
    for (int64_t j = 0; j < k; j++) {
        double sum = 0;
        for (int64_t i = 0; i < n; i++)
            sum += right[j][i];
        columns += sum;
        columns_squared += sum * sum;
    }
    for (int64_t i = 0; i < n; i++) {
        double sum = 0;
        for (int64_t j = 0; j < k; j++)
            sum += right[j][i];
        rows_squared += sum * sum;
    }
    double under = (double)k * columns - rows_squared;
    *q = under > 0 ? ((double)k - 1) * ((double)k * columns_squared - columns * columns) / under : 0;
    return under > 0 ? special_gamma_q(((double)k - 1) / 2, *q / 2) : 1;
}

/* ---- signed ranks ---- */

struct sized {
    double size;
    int positive;
};

static int by_size(const void *a, const void *b)
{
    double x = ((const struct sized *)a)->size, y = ((const struct sized *)b)->size;
    return (x > y) - (x < y);
}

/* 2 P(W <= w): how many of the 2^n sign patterns give a rank sum of at most w. */
static double exact_ranks(int64_t n, double w)
{
    double ways[EXACT * (EXACT + 1) / 2 + 1] = { 1 }, at_most = 0;
    int64_t top = 0;
    for (int64_t rank = 1; rank <= n; rank++) {
        top += rank;
        for (int64_t s = top; s >= rank; s--)
            ways[s] += ways[s - rank];
    }
    for (int64_t s = 0; s <= (int64_t)w; s++)
        at_most += ways[s];
    return fmin(1, 2 * at_most / ldexp(1, (int)n));
}

double difference_wilcoxon(const double *d, int64_t n, double *w)
{
    struct sized *v = malloc(((size_t)n + 1) * sizeof *v);
    int64_t m = 0;
    double plus = 0, minus = 0, ties = 0;
    *w = 0;
    for (int64_t i = 0; v && i < n; i++) {
        if (d[i] > 0 || d[i] < 0)
            v[m++] = (struct sized){ fabs(d[i]), d[i] > 0 };
    }
    if (!v || m == 0) {
        free(v);
        return v ? 1 : (double)NAN;
    }
    qsort(v, (size_t)m, sizeof *v, by_size);
    for (int64_t i = 0, end; i < m; i = end) {
        for (end = i + 1; end < m && !(v[end].size > v[i].size); end++)
            ;
        double rank = (double)(i + 1 + end) / 2, same = (double)(end - i);
        ties += same * same * same - same;
        for (int64_t k = i; k < end; k++)
            *(v[k].positive ? &plus : &minus) += rank;
    }
    free(v);
    *w = fmin(plus, minus);
    if (m <= EXACT && m == n && ties <= 0)
        return exact_ranks(m, *w);
    double count = (double)m, mean = count * (count + 1) / 4, variance = (count * (count + 1) * (2 * count + 1) - ties / 2) / 24;
    return variance > 0 ? fmin(1, 2 * special_normal((*w - mean) / sqrt(variance))) : 1;
}

/* ---- means ---- */

static double mean_of(const double *v, int64_t n, double *variance)
{
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < n; i++)
        sum += v[i];
    double mean = sum / (double)n;
    for (int64_t i = 0; i < n; i++)
        squares += (v[i] - mean) * (v[i] - mean);
    *variance = squares / (double)(n - 1);
    return mean;
}

double difference_welch(const double *a, int64_t na, const double *b, int64_t nb, double *t, double *df)
{
    double va, vb;
    *t = *df = NAN;
    if (na < 2 || nb < 2)
        return (double)NAN;
    double ma = mean_of(a, na, &va), mb = mean_of(b, nb, &vb), sa = va / (double)na, sb = vb / (double)nb;
    if (!(sa + sb > 0))
        return (double)NAN;
    *t = (ma - mb) / sqrt(sa + sb);
    *df = (sa + sb) * (sa + sb) / (sa * sa / (double)(na - 1) + sb * sb / (double)(nb - 1));
    return special_student(*t, *df);
}

struct flipping {
    const double *d;
    int64_t n;
    uint64_t seed;
    double least;
    uint8_t *far; /* [flips] */
};

/* The sum over rows whose sign is turned, 32 rows a word. */
static double flipped_sum(const double *d, int64_t n, uint64_t seed, int64_t flip)
{
    enum { COUNTERS = 16, ROWS = COUNTERS * 4 * 32 };
    uint32_t word[COUNTERS * 4];
    double sum[4] = { 0 };
    for (int64_t first = 0; first < n; first += ROWS) {
        rng_words(seed, RNG_PERMUTE, (uint64_t)flip << 33 | (uint64_t)(first / ROWS * COUNTERS), COUNTERS, word);
        int64_t end = n - first < ROWS ? n - first : ROWS;
        for (int64_t i = 0; i < end; i++)
            sum[i & 3] += (word[i / 32] >> (i % 32)) & 1 ? d[first + i] : 0;
    }
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

static void flip_signs(void *arg, int64_t begin, int64_t end)
{
    const struct flipping *f = arg;
    double all = 0;
    for (int64_t i = 0; i < f->n; i++)
        all += f->d[i];
    for (int64_t k = begin; k < end; k++)
        f->far[k] = fabs(all - 2 * flipped_sum(f->d, f->n, f->seed, k)) >= f->least;
}

static void run(struct pool *pool, int64_t n, hone_task *task, void *arg)
{
    if (pool)
        pool_run(pool, n, 16, task, arg);
    else
        task(arg, 0, n);
}

int difference_permutation(const double *d, int64_t n, int64_t flips, uint64_t seed, struct pool *pool, double *p, struct hone_err *err)
{
    struct flipping f = { .d = d, .n = n, .seed = seed, .far = malloc((size_t)flips + 1) };
    double sum = 0, size = 0;
    int64_t far = 0;
    if (!f.far)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for the permutations");
    for (int64_t i = 0; i < n; i++) {
        sum += d[i];
        size += fabs(d[i]);
    }
    f.least = fabs(sum) - 1e-12 * size; /* sums of the same values in another order count as equal */
    run(pool, flips, flip_signs, &f);
    for (int64_t k = 0; k < flips; k++)
        far += f.far[k];
    *p = (double)(1 + far) / (double)(1 + flips);
    free(f.far);
    return 0;
}

struct drawing {
    const double *d;
    int64_t n;
    uint64_t seed;
    double *mean; /* [replicates] */
};

static void draw_means(void *arg, int64_t begin, int64_t end)
{
    enum { PIECE = 4096 };
    const struct drawing *w = arg;
    uint8_t draw[PIECE];
    for (int64_t b = begin; b < end; b++) {
        double sum = 0;
        int64_t rows = 0;
        for (int64_t first = 0; first < w->n; first += PIECE) {
            int64_t n = w->n - first < PIECE ? w->n - first : PIECE, piece = 0;
            stats_weights(w->seed, b, first, n, draw);
            sum += stats_weighted_sum(draw, w->d + first, n);
            for (int64_t i = 0; i < n; i++)
                piece += draw[i];
            rows += piece;
        }
        w->mean[b] = rows > 0 ? sum / (double)rows : (double)NAN;
    }
}

int difference_bootstrap(const double *d, int64_t n, int64_t replicates, uint64_t seed, struct pool *pool, struct interval *v, struct hone_err *err)
{
    struct drawing w = { d, n, seed, malloc(((size_t)replicates + 1) * sizeof *w.mean) };
    if (!w.mean)
        return hone_fail(err, HONE_ENOMEM, "memory ran out for the interval of a difference");
    run(pool, replicates, draw_means, &w);
    *v = stats_percentiles(w.mean, replicates, STATS_LEVEL);
    free(w.mean);
    return 0;
}

/* ---- several tests, effects, power ---- */

void difference_holm(const double *p, int64_t n, double *adjusted)
{
    double least = 0;
    uint8_t done[64] = { 0 };
    for (int64_t step = 0; step < n && n <= 64; step++) {
        int64_t next = -1;
        for (int64_t i = 0; i < n; i++)
            next = !done[i] && (next < 0 || p[i] < p[next]) ? i : next;
        done[next] = 1;
        least = fmax(least, fmin(1, (double)(n - step) * p[next]));
        adjusted[next] = least;
    }
}

double difference_cohen_h(double p, double q)
{
    return 2 * asin(sqrt(p)) - 2 * asin(sqrt(q));
}

double difference_cohen_g(int64_t b, int64_t c)
{
    return b + c > 0 ? (double)b / (double)(b + c) - 0.5 : (double)NAN;
}

double difference_rows(double d, double psi, double alpha, double power)
{
    d = fabs(d);
    if (!(d > 0) || d > psi)
        return (double)NAN;
    double z = special_normal_quantile(1 - alpha / 2) * sqrt(psi) + special_normal_quantile(power) * sqrt(psi - d * d);
    return ceil(z * z / (d * d));
}

double difference_least(int64_t n, double psi, double alpha, double power)
{
    double low = 0, high = psi;
    if (!(psi > 0) || difference_rows(psi, psi, alpha, power) > (double)n)
        return (double)NAN;
    for (int i = 0; i < 100; i++) {
        double mid = (low + high) / 2;
        if (difference_rows(mid, psi, alpha, power) > (double)n)
            low = mid;
        else
            high = mid;
    }
    return high;
}

/* The score statistic of (b - c) / n = delta, the discordant shares estimated under that. */
static double tango(double b, double c, double n, double delta)
{
    double A = 2 * n, B = -b - c + (2 * n - b + c) * delta, C = -c * delta * (1 - delta);
    double q = (sqrt(B * B - 4 * A * C) - B) / (2 * A), variance = n * (2 * q + delta * (1 - delta));
    return variance > 0 ? (b - c - n * delta) / sqrt(variance) : 0;
}

double difference_equivalence(int64_t b, int64_t c, int64_t n, double margin)
{
    double above = 1 - special_normal(tango((double)b, (double)c, (double)n, -margin));
    double below = special_normal(tango((double)b, (double)c, (double)n, margin));
    return fmax(above, below);
}
