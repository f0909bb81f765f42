/* What job.c and job_move.c share. Private to core/store. */
#ifndef STORE_JOB_TABLE_H
#define STORE_JOB_TABLE_H
#include "core/store/db.h"
#include "core/store/job.h"

extern const struct db_table job_table;

/* 0 when an UPDATE changed a row; else why it did not: no such job, or one that is in a status that forbids it (`what`
 * says what is allowed). Negative `changed` is passed on. */
int job_one_changed(struct store *s, int64_t changed, const char *id, const char *what, struct hone_err *err);
/* Fills err for an agent that has this active job. Returns ERR_CONFLICT. */
int job_is_active(const struct job_row *active, struct hone_err *err);
/* Adds a row to the transitions, and an event that tells of it; from is -1 for the first. Of `job` id, tenant and agent_id are read. */
int job_record(struct store *s, const struct job_row *job, int64_t from, int64_t to, const char *reason, int64_t at,
               struct hone_err *err);

/* As job_transition(), within a transaction; `queue` becomes the job's. */
int job_move(struct store *s, const char *id, enum job_status to, enum job_queue queue, const char *reason, struct hone_err *err);

#endif
