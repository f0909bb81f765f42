/* See blas.h. */
#include "core/host/blas.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include "core/base/log.h"

/* Of cblas.h. */
enum { ROW_MAJOR = 101, NO_TRANS = 111, TRANS = 112 };
typedef void sgemm_fn(int, int, int, int, int, int, float, const float *, int, const float *, int, float, float *, int);
typedef void dgemm_fn(int, int, int, int, int, int, double, const double *, int, const double *, int, double, double *, int);

static sgemm_fn *machine_sgemm;
static dgemm_fn *machine_dgemm;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* The kernels by what the processor can do: OpenBLAS goes by a list of processors, and takes those of 2004 for one that is newer than
 * itself. Who sets OPENBLAS_CORETYPE is heeded. */
static void choose_kernels(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        setenv("OPENBLAS_CORETYPE", "SkylakeX", 0);
    else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        setenv("OPENBLAS_CORETYPE", "Haswell", 0);
#endif
}

/* One thread a call: the pool divides the work, and a divided sum would depend on the number of threads. */
static void open_machine(void)
{
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    choose_kernels();
    void *lib = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!lib) {
        log_line(LOG_WARN, "no OpenBLAS: %s", dlerror());
        return;
    }
    void (*threads)(int);
    *(void **)&machine_dgemm = dlsym(lib, "cblas_dgemm");
    *(void **)&threads = dlsym(lib, "openblas_set_num_threads");
    if (threads)
        threads(1);
    if (machine_dgemm)
        *(void **)&machine_sgemm = dlsym(lib, "cblas_sgemm");
    if (!machine_sgemm)
        log_line(LOG_WARN, "libopenblas.so.0 has no cblas_sgemm and cblas_dgemm");
}

static void sgemm(int32_t ta, int32_t tb, int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda, const float *b,
                  int64_t ldb, float beta, float *c, int64_t ldc)
{
    machine_sgemm(ROW_MAJOR, ta ? TRANS : NO_TRANS, tb ? TRANS : NO_TRANS, (int)m, (int)n, (int)k, alpha, a, (int)lda, b, (int)ldb, beta, c,
                  (int)ldc);
}

static void dgemm(int32_t ta, int32_t tb, int64_t m, int64_t n, int64_t k, double alpha, const double *a, int64_t lda, const double *b,
                  int64_t ldb, double beta, double *c, int64_t ldc)
{
    machine_dgemm(ROW_MAJOR, ta ? TRANS : NO_TRANS, tb ? TRANS : NO_TRANS, (int)m, (int)n, (int)k, alpha, a, (int)lda, b, (int)ldb, beta, c,
                  (int)ldc);
}

static const struct hone_blas_service service = { .struct_size = sizeof service, .sgemm = sgemm, .dgemm = dgemm };

const struct hone_blas_service *blas_service(void)
{
    pthread_once(&once, open_machine);
    return machine_sgemm ? &service : NULL;
}
