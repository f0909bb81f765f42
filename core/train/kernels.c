/* Compiled for several vector widths; the machine's best is chosen when the program starts. */
#include <math.h>
#include <string.h>
#include "core/train/kernels.h"
#include "hone/wide.h"

/* The body that the three sums share: four rows at a time, so that `out` is loaded and stored once for four. */
#define SUM_ROWS(n, ROW, VALUE)                                                                                     \
    do {                                                                                                            \
        int64_t j = 0;                                                                                              \
        if (!add) {                                                                                                 \
            if (n == 0) {                                                                                           \
                memset(out, 0, (size_t)k * sizeof *out);                                                            \
                return;                                                                                             \
            }                                                                                                       \
            const float *restrict r = ROW(0);                                                                       \
            float v = VALUE(0);                                                                                     \
            for (int64_t i = 0; i < k; i++)                                                                         \
                out[i] = v * r[i];                                                                                  \
            j = 1;                                                                                                  \
        }                                                                                                           \
        for (; j + 4 <= n; j += 4) {                                                                                \
            const float *restrict r0 = ROW(j), *restrict r1 = ROW(j + 1), *restrict r2 = ROW(j + 2),                \
                                 *restrict r3 = ROW(j + 3);                                                         \
            float v0 = VALUE(j), v1 = VALUE(j + 1), v2 = VALUE(j + 2), v3 = VALUE(j + 3);                           \
            for (int64_t i = 0; i < k; i++)                                                                         \
                out[i] = (((out[i] + v0 * r0[i]) + v1 * r1[i]) + v2 * r2[i]) + v3 * r3[i];                          \
        }                                                                                                           \
        for (; j < n; j++) {                                                                                        \
            const float *restrict r = ROW(j);                                                                       \
            float v = VALUE(j);                                                                                     \
            for (int64_t i = 0; i < k; i++)                                                                         \
                out[i] += v * r[i];                                                                                 \
        }                                                                                                           \
    } while (0)

#define BAG_ROW(j) (table + (int64_t)index[j] * ld)
#define BAG_VALUE(j) (value ? value[j] : 1.0f)
#define SRC_ROW(j) (src[j])
#define SRC_VALUE(j) (value[j])
#define MAT_ROW(j) (b + (j) * ldb)
#define MAT_VALUE(j) (a[(j) * step])

/* Four outputs: all sums stay in registers. */
static void bag4(int64_t n, const int32_t *index, const float *value, const float *table, int64_t ld, float *out, int add)
{
    float s0 = add ? out[0] : 0, s1 = add ? out[1] : 0, s2 = add ? out[2] : 0, s3 = add ? out[3] : 0;
    for (int64_t j = 0; j < n; j++) {
        const float *r = BAG_ROW(j);
        float v = BAG_VALUE(j);
        s0 += v * r[0];
        s1 += v * r[1];
        s2 += v * r[2];
        s3 += v * r[3];
    }
    out[0] = s0;
    out[1] = s1;
    out[2] = s2;
    out[3] = s3;
}

HONE_WIDE void kernel_bag(int64_t n, const int32_t *index, const float *value, const float *table, int64_t ld, int64_t k,
                     float *restrict out, int add)
{
    if (k == 4) {
        bag4(n, index, value, table, ld, out, add);
        return;
    }
    SUM_ROWS(n, BAG_ROW, BAG_VALUE);
}

HONE_WIDE void kernel_gather(int64_t n, const float *const *src, const float *value, int64_t k, float *restrict out, int add)
{
    SUM_ROWS(n, SRC_ROW, SRC_VALUE);
}

HONE_WIDE static void rows(int64_t n, const float *a, int64_t step, const float *b, int64_t ldb, int64_t k, float *restrict out,
                           int add)
{
    SUM_ROWS(n, MAT_ROW, MAT_VALUE);
}

void kernel_rows(int64_t k, const float *a, int64_t step, const float *b, int64_t ldb, int64_t n, float *c, int add)
{
    rows(k, a, step, b, ldb, n, c, add);
}

HONE_WIDE float kernel_dot(const float *restrict a, const float *restrict b, int64_t n)
{
    float lane[16] = { 0 }, sum = 0;
    int64_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (int j = 0; j < 16; j++)
            lane[j] += a[i + j] * b[i + j];
    for (int j = 0; i < n; i++, j++)
        lane[j] += a[i] * b[i];
    for (int j = 0; j < 16; j++)
        sum += lane[j];
    return sum;
}

HONE_WIDE double kernel_dot64(const float *restrict a, const float *restrict b, int64_t n)
{
    double lane[8] = { 0 }, sum = 0;
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int j = 0; j < 8; j++)
            lane[j] += (double)a[i + j] * (double)b[i + j];
    for (int j = 0; i < n; i++, j++)
        lane[j] += (double)a[i] * (double)b[i];
    for (int j = 0; j < 8; j++)
        sum += lane[j];
    return sum;
}

HONE_WIDE void kernel_axpy(int64_t n, float alpha, const float *restrict x, float *restrict y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] += alpha * x[i];
}

HONE_WIDE void kernel_scale(int64_t n, float alpha, float *restrict y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] *= alpha;
}

int kernel_finite(const float *a, int64_t n)
{
    float s = 0;
    for (int64_t i = 0; i < n; i++)
        s += a[i] * 0.0f;
    return s == 0.0f;
}

HONE_WIDE int64_t kernel_highest(const float *s, int64_t n)
{
    float lane[16], top = s[0];
    int64_t k = 0;
    for (int j = 0; j < 16; j++)
        lane[j] = s[0];
    for (; k + 16 <= n; k += 16)
        for (int j = 0; j < 16; j++)
            lane[j] = s[k + j] > lane[j] ? s[k + j] : lane[j];
    for (; k < n; k++)
        top = s[k] > top ? s[k] : top;
    for (int j = 0; j < 16; j++)
        top = lane[j] > top ? lane[j] : top;
    for (k = 0; k < n && !(s[k] >= top);)
        k++;
    return k < n ? k : 0;
}
