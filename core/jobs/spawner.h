/* The thread that starts workers for all others. The kernel kills a worker when the thread that forked it ends (PR_SET_PDEATHSIG), so
 * that in a program whose threads come and go one that stays must fork. Without spawner_start() every thread forks by itself.
 * Called by worker_proc.c; started and ended by a daemon. */
#ifndef JOBS_SPAWNER_H
#define JOBS_SPAWNER_H
#include "core/jobs/spawn.h"

/* Once in a process. HONE_EIO when there can be no thread. [main] */
int spawner_start(struct hone_err *err);
/* Ends the thread, and with it every worker that it started. [main] */
void spawner_stop(void);
/* spawn(), by the thread when there is one. [any] */
pid_t spawner_spawn(const struct spawn *s, struct hone_err *err);

#endif
