/* Who runs a job holds flock on jobs/<id>/lock; the worker inherits the descriptor, so the lock is free only when both
 * programs are gone. A job that is running in the database and whose lock is free has lost its process.
 * Not the lock of the database (core/store). Called by core/api. */
#ifndef JOBS_LOCK_H
#define JOBS_LOCK_H
#include "core/base/err.h"

/* Makes the job's directory where it is missing and takes its lock. The descriptor (close-on-exec; close() lets go), or
 * ERR_CONFLICT when another process runs the job (the sentence names it), or HONE_EIO. */
int job_lock_take(const char *state_dir, const char *job_id, struct hone_err *err);
/* 1 when nobody runs the job (also when it has no directory), 0 when somebody does, or HONE_EIO. */
int job_lock_is_free(const char *state_dir, const char *job_id, struct hone_err *err);
/* state_dir/jobs/job_id (free()), NULL when memory ran out. */
char *job_dir(const char *state_dir, const char *job_id);

#endif
