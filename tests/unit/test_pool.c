/* Shared loops: every index once, the same pieces for any number of threads. */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/pool.h"
#include "tests/unit/suites.h"

#define N 5000

struct work {
    unsigned char *seen; /* how often each index came */
    int64_t piece[N];    /* the piece that began at an index: its end */
    int64_t n, grain;
    int odd;
};

static void mark(void *arg, int64_t begin, int64_t end)
{
    struct work *w = arg;
    if (begin % w->grain != 0 || end <= begin || (end % w->grain != 0 && end != w->n))
        __atomic_store_n(&w->odd, 1, __ATOMIC_RELAXED);
    for (int64_t i = begin; i < end; i++)
        w->seen[i]++;
    if (begin < N)
        w->piece[begin] = end;
}

static void run(struct pool *p, struct work *w, int64_t n, int64_t grain)
{
    memset(w->seen, 0, N);
    memset(w->piece, 0, sizeof w->piece);
    w->n = n;
    w->grain = grain;
    w->odd = 0;
    pool_run(p, n, grain, mark, w);
}

static void indexes(void)
{
    static const int64_t ns[] = { 0, 1, 2, 7, 63, 64, 65, 1000, N }, grains[] = { 1, 3, 64, N - 1, N, 2 * N };
    struct hone_err err;
    struct work *one = calloc(1, sizeof *one), *w = calloc(1, sizeof *w);
    struct pool *alone = pool_new(1, &err);
    CU_ASSERT_FATAL(one && w && alone);
    one->seen = malloc(N);
    w->seen = malloc(N);
    CU_ASSERT_FATAL(one->seen && w->seen);
    for (int threads = 1; threads <= 8; threads++) {
        struct pool *p = pool_new(threads, &err);
        CU_ASSERT_PTR_NOT_NULL_FATAL(p);
        CU_ASSERT_EQUAL(pool_threads(p), threads);
        for (size_t i = 0; i < sizeof ns / sizeof ns[0] * 6; i++) {
            int64_t n = ns[i / 6], grain = grains[i % 6];
            int missed = 0;
            run(alone, one, n, grain);
            run(p, w, n, grain);
            for (int64_t k = 0; k < N; k++)
                missed += w->seen[k] != (k < n);
            CU_ASSERT_EQUAL(missed, 0);
            CU_ASSERT_EQUAL(w->odd, 0);
            CU_ASSERT_EQUAL(memcmp(one->piece, w->piece, sizeof w->piece), 0);
        }
        pool_free(p);
    }
    pool_free(alone);
    pool_free(NULL);
    free(one->seen);
    free(w->seen);
    free(one);
    free(w);
}

static void add(void *arg, int64_t begin, int64_t end)
{
    int64_t *v = arg;
    for (int64_t i = begin; i < end; i++)
        v[i] += i;
}

/* Many short loops, each upon the results of the one before. */
static void chains(void)
{
    struct hone_err err;
    struct pool *p = pool_new(4, &err);
    int64_t v[256] = { 0 }, wrong = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    for (int round = 0; round < 3000; round++)
        pool_run(p, 256, 4, add, v);
    for (int64_t i = 0; i < 256; i++)
        wrong += v[i] != 3000 * i;
    CU_ASSERT_EQUAL(wrong, 0);
    pool_free(p);
    p = pool_new(0, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    CU_ASSERT(pool_threads(p) >= 1 && pool_threads(p) <= 16);
    pool_free(p);
}

int test_pool(void)
{
    CU_pSuite s = CU_add_suite("pool", NULL, NULL);
    return s && CU_add_test(s, "indexes", indexes) && CU_add_test(s, "chains", chains) ? 0 : -1;
}
