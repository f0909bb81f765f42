/* The daemon's queue of jobs; see job.h. A job waits (preparing), is claimed by one run, and is given back or ends. */
#include "core/store/job.h"

#include <stdlib.h>
#include <string.h>
#include "core/base/clock.h"
#include "core/store/job_table.h"

/* At the time ?1; also when the clock was set back since it began to wait, which might otherwise last for years. */
#define DUE "(run_after <= ?1 OR updated_at > ?1)"

static int claim(struct store *s, int64_t now, struct job_row *row, struct hone_err *err)
{
    int rc = db_row(s, &job_table, "WHERE queue = 1 AND " DUE " ORDER BY priority DESC, id LIMIT 1", DB_ARGS(DB_I(now)), row, err);
    if (rc != 1)
        return rc;
    int64_t n = db_run(s, "UPDATE jobs SET queue = 2, fence = fence + 1, updated_at = ?2 WHERE id = ?1 AND queue = 1",
                       DB_ARGS(DB_T(row->id), DB_I(now)), err);
    row->fence++;
    row->queue = JOB_CLAIMED;
    return n < 0 ? (int)n : 1;
}

int job_claim(struct store *s, int64_t now, struct job_row *row, struct hone_err *err)
{
    *row = (struct job_row){ 0 };
    int rc = db_enter(s, err);
    if (rc != 0)
        return rc;
    rc = db_leave(s, claim(s, now, row, err), err);
    if (rc < 0)
        job_free(row);
    return rc;
}

int job_fence(struct store *s, const char *id, int64_t fence, struct hone_err *err)
{
    int64_t mine = 0;
    if (fence == 0)
        return 0;
    int rc = db_number(s, "SELECT count(*) FROM jobs WHERE id = ?1 AND queue = 2 AND fence = ?2", DB_ARGS(DB_T(id), DB_I(fence)), &mine, err);
    if (rc < 0)
        return rc;
    return mine ? 0 : hone_fail(err, ERR_CONFLICT, "job '%.100s' is no longer this run's (%lld); what it says is dropped", id,
                                (long long)fence);
}

static int requeue(struct store *s, const char *id, int64_t fence, int64_t run_after, const char *cause, const char *reason,
                   struct hone_err *err)
{
    struct job_row job;
    int64_t rc = job_fence(s, id, fence, err);
    if (rc < 0 || (rc = job_get(s, id, &job, err)) < 0)
        return (int)rc;
    if (job.status == JOB_PREPARING)
        rc = job_record(s, &job, job.status, JOB_PREPARING, reason, clock_wall_ms(), err);
    else
        rc = job_move(s, id, JOB_PREPARING, JOB_WAITING, reason, err);
    if (rc >= 0)
        rc = db_run(s, "UPDATE jobs SET queue = 1, run_after = ?2, deaths = deaths + ?3, cause = coalesce(?4, cause), updated_at = ?5 WHERE id = ?1",
                    DB_ARGS(DB_T(id), DB_I(run_after), DB_I(cause && strcmp(cause, JOB_CAUSE_FULL) != 0), DB_T(cause), DB_I(clock_wall_ms())),
                    err);
    job_free(&job);
    return rc < 0 ? (int)rc : 0;
}

int job_requeue(struct store *s, const char *id, int64_t fence, int64_t run_after, const char *cause, const char *reason,
                struct hone_err *err)
{
    int rc = db_enter(s, err);
    return rc != 0 ? rc : db_leave(s, requeue(s, id, fence, run_after, cause, reason, err), err);
}

int job_enqueue(struct store *s, const char *id, const char *reason, struct hone_err *err)
{
    struct job_row job;
    int64_t rc = db_enter(s, err);
    if (rc != 0)
        return (int)rc;
    if ((rc = job_get(s, id, &job, err)) == 0 && job.status != JOB_PAUSED && job.status != JOB_FAILED)
        rc = hone_fail(err, ERR_CONFLICT, "job %.100s is %s; only a paused or failed job can go on", id,
                       job_status_name((enum job_status)job.status));
    if (rc == 0)
        rc = job_move(s, id, JOB_PREPARING, JOB_WAITING, reason, err);
    if (rc == 0)
        rc = db_run(s, "UPDATE jobs SET run_after = 0, deaths = 0, cause = NULL WHERE id = ?1", DB_ARGS(DB_T(id)), err);
    job_free(&job);
    return db_leave(s, rc < 0 ? (int)rc : 0, err);
}

int job_next_due(struct store *s, int64_t *at, struct hone_err *err)
{
    int64_t waiting = 0;
    int rc = db_number(s, "SELECT count(*) FROM jobs WHERE queue = 1", NULL, 0, &waiting, err);
    if (rc < 0 || waiting == 0)
        return rc < 0 ? rc : 0;
    rc = db_number(s, "SELECT min(CASE WHEN " DUE " THEN 0 ELSE run_after END) FROM jobs WHERE queue = 1", DB_ARGS(DB_I(clock_wall_ms())), at, err);
    return rc < 0 ? rc : 1;
}

static int recover_one(struct store *s, const struct job_row *job, struct hone_err *err)
{
    const char *id = job->id;
    if (job->stop_requested == JOB_STOP_CANCEL)
        return job_finish(s, id, &(struct job_end){ .status = JOB_CANCELLED, .reason = "cancelled", .stop_reason = "cancelled" }, err);
    if (job->stop_requested == JOB_STOP_PAUSE)
        return job_move(s, id, JOB_PAUSED, JOB_LOCAL, "paused; the daemon that ran it is gone", err);
    return requeue(s, id, job->fence, 0, NULL, "the daemon that ran it is gone", err);
}

int64_t job_recover(struct store *s, struct hone_err *err)
{
    void *rows = NULL;
    size_t n = 0;
    int rc = db_enter(s, err);
    if (rc != 0)
        return rc;
    rc = db_rows(s, &job_table, "WHERE queue = 2 ORDER BY id", NULL, 0, &rows, &n, err);
    for (size_t i = 0; i < n && rc >= 0; i++)
        rc = recover_one(s, (const struct job_row *)rows + i, err);
    db_rows_free(&job_table, rows, n);
    rc = db_leave(s, rc < 0 ? rc : 0, err);
    return rc < 0 ? rc : (int64_t)n;
}

int job_counts(struct store *s, int64_t count[JOB_STATUSES], int64_t *waiting, struct hone_err *err)
{
    int rc = 0;
    for (int i = 0; i < JOB_STATUSES && rc >= 0; i++)
        rc = db_number(s, "SELECT count(*) FROM jobs WHERE status = ?1", DB_ARGS(DB_I(i)), &count[i], err);
    if (rc >= 0)
        rc = db_number(s, "SELECT count(*) FROM jobs WHERE queue = 1", NULL, 0, waiting, err);
    return rc < 0 ? rc : 0;
}
