/* Status changes of jobs and their record; see job.h for the contract and docs/state.md for the edges. */
#include "core/store/job.h"

#include <string.h>
#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/store/event.h"
#include "core/store/job_table.h"
#include "core/store/outbox.h"

#define COL(name, column, type) { column, type, offsetof(struct job_step, name) }
static const struct db_col cols[] = {
    COL(at, "at", DB_INT), COL(from, "from_status", DB_INT), COL(to, "to_status", DB_INT),
    COL(reason, "reason", DB_TEXT),
};
static const struct db_table table = { "transitions", cols, sizeof cols / sizeof cols[0], sizeof(struct job_step) };

/* The event of a change, in the words of the API. */
static int tell(struct store *s, const struct job_row *job, int64_t from, int64_t to, const char *reason, int64_t at, struct hone_err *err)
{
    struct buf b = { 0 };
    char when[25];
    clock_rfc3339(at, when);
    buf_puts(&b, "{\"job_id\":");
    buf_json_string(&b, job->id, strlen(job->id));
    buf_puts(&b, ",\"agent_id\":");
    buf_json_string(&b, job->agent_id ? job->agent_id : "", job->agent_id ? strlen(job->agent_id) : 0);
    buf_printf(&b, ",\"status\":\"%s\",\"from\":", job_status_name((enum job_status)to));
    buf_printf(&b, from < 0 ? "null" : "\"%s\"", from < 0 ? "" : job_status_name((enum job_status)from));
    buf_puts(&b, ",\"reason\":");
    buf_json_string(&b, reason, strlen(reason));
    buf_printf(&b, ",\"at\":\"%s\"}", when);
    int rc = buf_oom(&b) ? hone_fail(err, HONE_ENOMEM, "memory ran out") : event_add(s, job->id, job->tenant, "status", buf_str(&b), err);
    buf_free(&b);
    return rc;
}

int job_record(struct store *s, const struct job_row *job, int64_t from, int64_t to, const char *reason, int64_t at, struct hone_err *err)
{
    int64_t rc = db_run(s, "INSERT INTO transitions (job_id, seq, from_status, to_status, at, reason) VALUES"
                        " (?1, (SELECT coalesce(max(seq), 0) + 1 FROM transitions WHERE job_id = ?1), ?2, ?3, ?4, ?5)",
                        DB_ARGS(DB_T(job->id), DB_I(from), DB_I(to), DB_I(at), DB_T(reason ? reason : "")), err);
    return rc < 0 ? (int)rc : tell(s, job, from, to, reason ? reason : "", at, err);
}

int job_is_active(const struct job_row *active, struct hone_err *err)
{
    return hone_fail(err, ERR_CONFLICT, "the agent has an active job already: '%.100s' is %s; wait for it or cancel it",
                     active->id, job_status_name((enum job_status)active->status));
}

/* ERR_CONFLICT when another job of the agent is active. */
static int check_alone(struct store *s, const struct job_row *job, struct hone_err *err)
{
    struct job_row other;
    int rc = job_active(s, job->agent_id, &other, err);
    if (rc == 1)
        rc = job_is_active(&other, err);
    job_free(&other);
    return rc;
}

static const char enter_active[] =
    "UPDATE jobs SET status = ?2, queue = ?4, updated_at = ?3,"
    " stop_requested = CASE WHEN status IN (0, 1) THEN stop_requested ELSE 0 END,"
    " completed_at = 0, error_code = NULL, error_text = NULL, error_stage = NULL, error_details = NULL, stop_reason = NULL, results = NULL,"
    " attempt = attempt + (?2 = 1), started_at = CASE WHEN ?2 = 1 AND started_at = 0 THEN ?3 ELSE started_at END"
    " WHERE id = ?1";
static const char enter_pause[] = "UPDATE jobs SET status = ?2, queue = ?4, updated_at = ?3, stop_requested = 0 WHERE id = ?1";
static const char enter_end[] =
    "UPDATE jobs SET status = ?2, queue = ?4, updated_at = ?3, completed_at = ?3, stop_requested = 0 WHERE id = ?1";

int job_move(struct store *s, const char *id, enum job_status to, enum job_queue queue, const char *reason, struct hone_err *err)
{
    struct job_row job;
    int64_t now = clock_wall_ms();
    int active = to == JOB_PREPARING || to == JOB_RUNNING;
    int64_t rc = job_get(s, id, &job, err);
    if (rc == 0 && !job_may_go((enum job_status)job.status, to))
        rc = hone_fail(err, ERR_CONFLICT, "job '%.100s' is %s and cannot become %s", id,
                       job_status_name((enum job_status)job.status), job_status_name(to));
    if (rc == 0 && active && job.status != JOB_PREPARING && job.status != JOB_RUNNING)
        rc = check_alone(s, &job, err);
    if (rc == 0)
        rc = db_run(s, active ? enter_active : to == JOB_PAUSED ? enter_pause : enter_end,
                    DB_ARGS(DB_T(id), DB_I(to), DB_I(now), DB_I(active ? queue : JOB_LOCAL)), err);
    if (rc >= 0)
        rc = job_record(s, &job, job.status, to, reason, now, err);
    job_free(&job);
    return (int)rc;
}

int job_transition(struct store *s, const char *id, enum job_status to, const char *reason, struct hone_err *err)
{
    int64_t queue = JOB_LOCAL;
    int rc = db_enter(s, err);
    if (rc != 0)
        return rc;
    rc = db_number(s, "SELECT queue FROM jobs WHERE id = ?1", DB_ARGS(DB_T(id)), &queue, err);
    if (rc >= 0)
        rc = job_move(s, id, to, (enum job_queue)queue, reason, err);
    return db_leave(s, rc < 0 ? rc : outbox_job(s, id, to, err), err);
}

int job_finish(struct store *s, const char *id, const struct job_end *e, struct hone_err *err)
{
    int64_t rc = db_enter(s, err);
    if (rc != 0)
        return (int)rc;
    if (e->status == JOB_PREPARING || e->status == JOB_RUNNING)
        rc = hone_fail(err, HONE_EINVAL, "'%s' is not a way for a job to end", job_status_name(e->status));
    else
        rc = job_move(s, id, e->status, JOB_LOCAL, e->reason, err);
    if (rc == 0)
        rc = db_run(s, "UPDATE jobs SET stop_reason = coalesce(?2, stop_reason), metrics = coalesce(?3, metrics),"
                    " best = coalesce(?4, best), results = coalesce(?5, results),"
                    " weights_file = coalesce(?6, weights_file), weights_sha256 = coalesce(?7, weights_sha256),"
                    " error_code = coalesce(?8, error_code), error_text = coalesce(?9, error_text),"
                    " error_stage = coalesce(?10, error_stage), error_details = coalesce(?11, error_details), cause = coalesce(?12, cause)"
                    " WHERE id = ?1",
                    DB_ARGS(DB_T(id), DB_T(e->stop_reason), DB_T(e->metrics), DB_T(e->best), DB_T(e->results),
                            DB_T(e->weights_file), DB_T(e->weights_sha256), DB_T(e->error_code), DB_T(e->error_text),
                            DB_T(e->error_stage), DB_T(e->error_details), DB_T(e->cause)), err);
    if (rc >= 0)
        rc = outbox_job(s, id, e->status, err);
    return db_leave(s, rc < 0 ? (int)rc : 0, err);
}

int job_steps(struct store *s, const char *id, struct job_steps *steps, struct hone_err *err)
{
    void *rows;
    int rc = db_rows(s, &table, "WHERE job_id = ?1 ORDER BY seq", DB_ARGS(DB_T(id)), &rows, &steps->n, err);
    steps->v = rows;
    return rc;
}

void job_steps_free(struct job_steps *steps)
{
    db_rows_free(&table, steps->v, steps->n);
    *steps = (struct job_steps){ 0 };
}
