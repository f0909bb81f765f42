/* The inner loops of training on rows of floats. Each works element by element over k, in the order of its list, without
 * fused multiply-add: the same bits for any vector width and for any division of work. Not a BLAS. */
#ifndef TRAIN_KERNELS_H
#define TRAIN_KERNELS_H
#include <stdint.h>

/* out[0..k) = (add ? out : 0) + sum over j < n of value[j] * table[index[j] * ld + 0..k). value NULL: all 1. */
void kernel_bag(int64_t n, const int32_t *index, const float *value, const float *table, int64_t ld, int64_t k, float *out,
                int add);
/* The same over rows anywhere: sum of value[j] * src[j][0..k). */
void kernel_gather(int64_t n, const float *const *src, const float *value, int64_t k, float *out, int add);
/* c[0..n) = (add ? c : 0) + sum over p < k of a[p * step] * b[p * ldb + 0..n). */
void kernel_rows(int64_t k, const float *a, int64_t step, const float *b, int64_t ldb, int64_t n, float *c, int add);
/* Sum of a[i] * b[i] in float, in sixteen lanes that are added in a fixed order. */
float kernel_dot(const float *a, const float *b, int64_t n);
/* y += alpha x; y *= alpha. */
void kernel_axpy(int64_t n, float alpha, const float *x, float *y);
void kernel_scale(int64_t n, float alpha, float *y);
/* Sum of a[i] * b[i] in double, in eight lanes that are added in a fixed order. */
double kernel_dot64(const float *a, const float *b, int64_t n);
/* The first of the highest of n > 0 numbers, 0 when the first is not a number; found in lanes, which no order of comparing changes. */
int64_t kernel_highest(const float *s, int64_t n);
/* 1 when all are finite. */
int kernel_finite(const float *a, int64_t n);

#endif
