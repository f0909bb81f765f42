/* Times 10,000 bootstrap resamples of 100,000 rows on all threads. Run by judge.sh. */
#include <stdio.h>
#include <stdlib.h>
#include "core/base/clock.h"
#include "core/judge/difference.h"

int main(void)
{
    enum { ROWS = 100000, RESAMPLES = 10000 };
    static double d[ROWS];
    struct hone_err err = { 0 };
    struct interval v;
    struct pool *pool = pool_new(0, &err);
    for (int i = 0; i < ROWS; i++)
        d[i] = (i * 7919 % 1000) / 1000.0 - 0.5;
    int64_t began = clock_mono_us();
    if (!pool || difference_bootstrap(d, ROWS, RESAMPLES, 1, pool, &v, &err) < 0)
        return 1;
    printf("%d resamples of %d rows: %.2f s on %d threads, %.5f to %.5f\n", RESAMPLES, ROWS, (double)(clock_mono_us() - began) / 1e6, pool_threads(pool), v.low, v.high);
    pool_free(pool);
    return 0;
}
