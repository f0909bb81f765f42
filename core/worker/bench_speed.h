/* How long an optimizer takes for a parameter. Called by task_bench.c. */
#ifndef WORKER_BENCH_SPEED_H
#define WORKER_BENCH_SPEED_H
#include "core/worker/task.h"

/* Nanoseconds a parameter and step: the median over steps on one dense tensor of 2^21 floats, with the threads of the task and the
 * given settings. NaN for what takes steps by its own means (minimize), whose time is that of its gradients, and where memory ran out. */
double bench_speed(struct task *t, const struct hone_optimizer *item, const void *conf);

#endif
