/* hone/blas.h: the host's service "hone.blas/1": products of matrices by the machine's BLAS, on the calling thread alone.
 * Offered by struct hone_host's get(), which is NULL when the machine has none; the result is a const struct hone_blas_service *.
 *
 * The same call with the same numbers gives the same bits on one machine and for any number of threads, as long as the caller
 * divides its work by index; another processor may round otherwise. History: 0.2 first. */
#ifndef HONE_BLAS_H
#define HONE_BLAS_H
#include "hone/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

struct hone_blas_service {
    uint32_t struct_size, pad0;
    /* c[m][n] = alpha op(a) op(b) + beta c, row-major, k the inner length, `ld` the distance between rows in elements;
     * ta, tb not 0: a is stored [k][m], b [n][k]. With beta 0 what c holds is not read. [any] */
    void (*sgemm)(int32_t ta, int32_t tb, int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda, const float *b,
                  int64_t ldb, float beta, float *c, int64_t ldc);
    void (*dgemm)(int32_t ta, int32_t tb, int64_t m, int64_t n, int64_t k, double alpha, const double *a, int64_t lda,
                  const double *b, int64_t ldb, double beta, double *c, int64_t ldc);
};

#ifdef __cplusplus
}
#endif
#endif
