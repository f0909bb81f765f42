/* The service hone.blas/1 by the machine's OpenBLAS, which is opened when a plugin first asks for it, since few do. Not a matrix
 * library. Called by services.c. */
#ifndef HOST_BLAS_H
#define HOST_BLAS_H
#include "hone/blas.h"

/* NULL when the machine has no OpenBLAS; the log then says what was looked for. [any] */
const struct hone_blas_service *blas_service(void);

#endif
