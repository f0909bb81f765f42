/* Threads that share loops by index. The partition depends on n and grain only, never on which thread comes first,
 * so that a task whose pieces are independent gives the same bits for any number of threads. */
#ifndef BASE_POOL_H
#define BASE_POOL_H
#include <stdint.h>
#include "hone/abi.h"

struct pool;

/* threads >= 1 counts the caller, which works too; 0 means as many as the machine has (at most 16). Free with
 * pool_free(). NULL with err filled when threads cannot be started. */
struct pool *pool_new(int threads, struct hone_err *err);
void pool_free(struct pool *p);
int pool_threads(const struct pool *p);
/* Calls task(arg, begin, end) over [0, n) in pieces whose borders are multiples of grain (>= 1) and returns when all
 * are done. Pieces run at once. Waiting threads spin for a few microseconds and then sleep, since a training step has
 * several such loops. n <= grain runs in the caller. Not reentrant: a task does not call pool_run(). [main] */
void pool_run(struct pool *p, int64_t n, int64_t grain, hone_task *task, void *arg);

#endif
