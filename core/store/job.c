/* See job.h: rows, look-ups, progress, requests, removal. Status changes are in job_move.c. */
#include "core/store/job.h"

#include <stdlib.h>
#include <string.h>
#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/store/job_table.h"

#define COL(name, type) { #name, type, offsetof(struct job_row, name) }
#define PROGRESS(name, type) { #name, type, offsetof(struct job_row, progress.name) }
static const struct db_col cols[] = {
    COL(id, DB_TEXT), COL(tenant, DB_TEXT), COL(agent_id, DB_TEXT), COL(status, DB_INT), COL(stop_requested, DB_INT),
    COL(training_type, DB_TEXT), COL(config, DB_TEXT), COL(model, DB_TEXT), COL(model_reason, DB_TEXT),
    COL(plugins, DB_TEXT), COL(data_name, DB_TEXT), COL(data_file, DB_TEXT), COL(data_format, DB_TEXT),
    COL(data_sha256, DB_TEXT), COL(validation_name, DB_TEXT), COL(validation_file, DB_TEXT),
    COL(validation_format, DB_TEXT), COL(validation_sha256, DB_TEXT), COL(data_counts, DB_TEXT),
    COL(estimates, DB_TEXT), PROGRESS(epoch, DB_INT), PROGRESS(total_epochs, DB_INT), PROGRESS(step, DB_INT),
    PROGRESS(total_steps, DB_INT), PROGRESS(token_usage, DB_INT), PROGRESS(elapsed_ms, DB_INT),
    PROGRESS(loss, DB_REAL), PROGRESS(learning_rate, DB_REAL), PROGRESS(gradient_norm, DB_REAL),
    PROGRESS(examples_per_second, DB_REAL), PROGRESS(memory_mb, DB_REAL), COL(metrics, DB_TEXT), COL(best, DB_TEXT),
    COL(results, DB_TEXT), COL(stop_reason, DB_TEXT), COL(weights_file, DB_TEXT), COL(weights_sha256, DB_TEXT),
    COL(error_code, DB_TEXT), COL(error_text, DB_TEXT), COL(error_stage, DB_TEXT), COL(error_details, DB_TEXT),
    COL(attempt, DB_INT), COL(created_at, DB_INT), COL(started_at, DB_INT), COL(updated_at, DB_INT),
    COL(completed_at, DB_INT), COL(priority, DB_INT), COL(queue, DB_INT), COL(fence, DB_INT), COL(run_after, DB_INT),
    COL(deaths, DB_INT), COL(cause, DB_TEXT), COL(token_id, DB_TEXT), COL(trace_id, DB_TEXT), COL(data_bytes, DB_INT), COL(data_examples, DB_INT), COL(withheld, DB_INT),
};
const struct db_table job_table = { "jobs", cols, sizeof cols / sizeof cols[0], sizeof(struct job_row) };

int job_one_changed(struct store *s, int64_t changed, const char *id, const char *what, struct hone_err *err)
{
    struct job_row row;
    if (changed != 0)
        return changed < 0 ? (int)changed : 0;
    int rc = job_get(s, id, &row, err);
    if (rc == 0)
        rc = hone_fail(err, ERR_CONFLICT, "job '%.100s' is %s; %s", id,
                       job_status_name((enum job_status)row.status), what);
    job_free(&row);
    return rc;
}

int job_insert(struct store *s, struct job_row *row, struct hone_err *err)
{
    struct job_row other;
    int64_t now = clock_wall_ms();
    int rc = db_new_id("job", &row->id, err);
    if (rc != 0 || (rc = db_enter(s, err)) != 0)
        return rc;
    if (!row->tenant && !(row->tenant = strdup(db_tenant(s))))
        return db_leave(s, hone_fail(err, HONE_ENOMEM, "memory ran out"), err);
    row->status = JOB_PREPARING;
    row->stop_requested = JOB_STOP_NONE;
    row->attempt = row->started_at = row->completed_at = 0;
    row->created_at = row->updated_at = now;
    if ((rc = job_active(s, row->agent_id, &other, err)) == 1)
        rc = job_is_active(&other, err);
    job_free(&other);
    if (rc == 0 && (rc = db_insert(s, "INSERT", &job_table, row, err)) == ERR_NOT_FOUND)
        rc = hone_fail(err, ERR_NOT_FOUND, "there is no agent '%.200s'", row->agent_id ? row->agent_id : "");
    if (rc == 0)
        rc = job_record(s, row, -1, JOB_PREPARING, "created", now, err);
    return db_leave(s, rc, err);
}

int job_get(struct store *s, const char *id, struct job_row *row, struct hone_err *err)
{
    int rc = db_row(s, &job_table, "WHERE id = ?1 AND" MINE, DB_ARGS(DB_T(id)), row, err);
    return rc == 0 ? hone_fail(err, ERR_NOT_FOUND, "there is no job '%.200s'", id) : rc < 0 ? rc : 0;
}

#define PREFIX "job_"
#define SHORTEST (sizeof PREFIX - 1 + 4)

int job_find(struct store *s, const char *id, struct job_row *row, struct hone_err *err)
{
    int rc;
    if (strcmp(id, "latest") == 0) {
        rc = db_row(s, &job_table, "WHERE" MINE "ORDER BY id DESC LIMIT 1", NULL, 0, row, err);
        return rc == 0 ? hone_fail(err, ERR_NOT_FOUND, "there is no job yet") : rc < 0 ? rc : 0;
    }
    rc = db_row(s, &job_table, "WHERE id = ?1 AND" MINE, DB_ARGS(DB_T(id)), row, err);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    if (strncmp(id, PREFIX, sizeof PREFIX - 1) == 0 && strlen(id) >= SHORTEST) {
        int64_t n = 0;
        rc = db_number(s, "SELECT count(*) FROM jobs WHERE substr(id, 1, length(?1)) = ?1 AND" MINE, DB_ARGS(DB_T(id)), &n, err);
        if (rc >= 0 && n > 1)
            return hone_fail(err, ERR_CONFLICT, "%lld jobs begin with '%.100s'; give more of the id", (long long)n, id);
        if (rc >= 0)
            rc = db_row(s, &job_table, "WHERE substr(id, 1, length(?1)) = ?1 AND" MINE, DB_ARGS(DB_T(id)), row, err);
        if (rc != 0)
            return rc < 0 ? rc : 0;
    }
    return hone_fail(err, ERR_NOT_FOUND, "there is no job '%.200s'; hone job list shows those that exist", id);
}

int job_list(struct store *s, const struct job_filter *f, struct job_list *list, struct hone_err *err)
{
    void *rows;
    int rc = db_rows(s, &job_table, "WHERE (?1 IS NULL OR agent_id = ?1) AND (?2 = 0 OR (1 << status) & ?2)"
                     " AND (?3 IS NULL OR data_sha256 = ?3 OR validation_sha256 = ?3) AND (?4 IS NULL OR id < ?4)"
                     " AND" MINE "ORDER BY id DESC LIMIT ?5",
                     DB_ARGS(DB_T(f->agent_id), DB_I(f->status), DB_T(f->data_sha256), DB_T(f->after),
                             DB_I(db_limit(f->limit))), &rows, &list->n, err);
    list->v = rows;
    return rc;
}

int job_active(struct store *s, const char *agent_id, struct job_row *row, struct hone_err *err)
{
    return db_row(s, &job_table, "WHERE agent_id = ?1 AND status IN (0, 1)", DB_ARGS(DB_T(agent_id)), row, err);
}

int job_set_ready(struct store *s, const struct job_row *row, struct hone_err *err)
{
    const struct job_progress *p = &row->progress;
    int64_t n = db_run(s, "UPDATE jobs SET training_type = coalesce(?2, training_type), config = ?3, model = ?4,"
                       " model_reason = ?5, plugins = ?6, data_counts = ?7, estimates = ?8, epoch = ?9,"
                       " total_epochs = ?10, step = ?11, total_steps = ?12, updated_at = ?13"
                       " WHERE id = ?1 AND status IN (0, 1, 2, 4)",
                       DB_ARGS(DB_T(row->id), DB_T(row->training_type), DB_T(row->config), DB_T(row->model),
                               DB_T(row->model_reason), DB_T(row->plugins), DB_T(row->data_counts),
                               DB_T(row->estimates), DB_I(p->epoch), DB_I(p->total_epochs), DB_I(p->step),
                               DB_I(p->total_steps), DB_I(clock_wall_ms())), err);
    return job_one_changed(s, n, row->id, "it does not change any more", err);
}

int job_set_progress(struct store *s, const char *id, const struct job_progress *p, const char *metrics,
                     const char *best, struct hone_err *err)
{
    int64_t n = db_run(s, "UPDATE jobs SET epoch = ?2, total_epochs = ?3, step = ?4, total_steps = ?5,"
                       " token_usage = ?6, elapsed_ms = ?7, loss = ?8, learning_rate = ?9, gradient_norm = ?10,"
                       " examples_per_second = ?11, memory_mb = ?12, metrics = coalesce(?13, metrics),"
                       " best = coalesce(?14, best), updated_at = ?15"
                       " WHERE id = ?1 AND status = 1",
                       DB_ARGS(DB_T(id), DB_I(p->epoch), DB_I(p->total_epochs), DB_I(p->step), DB_I(p->total_steps),
                               DB_I(p->token_usage), DB_I(p->elapsed_ms), DB_R(p->loss), DB_R(p->learning_rate),
                               DB_R(p->gradient_norm), DB_R(p->examples_per_second), DB_R(p->memory_mb), DB_T(metrics),
                               DB_T(best), DB_I(clock_wall_ms())), err);
    return job_one_changed(s, n, id, "only a running job makes progress", err);
}

int job_request_stop(struct store *s, const char *id, enum job_stop stop, struct hone_err *err)
{
    int64_t n = db_run(s, "UPDATE jobs SET stop_requested = max(stop_requested, ?2), updated_at = ?3"
                       " WHERE id = ?1 AND status IN (0, 1)",
                       DB_ARGS(DB_T(id), DB_I(stop), DB_I(clock_wall_ms())), err);
    return job_one_changed(s, n, id, "only a job that is preparing or running can be stopped", err);
}

int job_withheld(struct store *s, const char *id, struct hone_err *err)
{
    int64_t withheld = 0;
    int rc = db_number(s, "SELECT withheld FROM jobs WHERE id = ?1", DB_ARGS(DB_T(id)), &withheld, err);
    return rc < 0 ? rc : (int)withheld;
}

int job_stop_requested(struct store *s, const char *id, struct hone_err *err)
{
    int64_t stop = 0;
    int rc = db_number(s, "SELECT stop_requested FROM jobs WHERE id = ?1", DB_ARGS(DB_T(id)), &stop, err);
    return rc == 0 ? hone_fail(err, ERR_NOT_FOUND, "there is no job '%.200s'", id) : rc < 0 ? rc : (int)stop;
}

/* Lets the agent of a job whose versions go answer with the newest version that stays; the agent must allow it. */
static int release_versions(struct store *s, const struct job_row *job, int with_versions, struct hone_err *err)
{
    int64_t answering = 0;
    int64_t rc = db_number(s, "SELECT count(*) FROM agents a, versions v WHERE a.id = ?1 AND v.job_id = ?2"
                           " AND v.id IN (a.active_version, a.canary_version)",
                           DB_ARGS(DB_T(job->agent_id), DB_T(job->id)), &answering, err);
    if (rc < 0 || answering == 0)
        return rc < 0 ? (int)rc : 0;
    if (!with_versions)
        return hone_fail(err, ERR_CONFLICT, "agent '%.100s' answers with what job '%.100s' trained; without the job it "
                         "could not", job->agent_id, job->id);
    rc = db_run(s, "UPDATE agents SET canary_version = NULL, canary_share = 0, updated_at = ?3, active_version = CASE"
                " WHEN active_version IN (SELECT id FROM versions WHERE job_id = ?2) THEN (SELECT id FROM versions WHERE agent_id = ?1"
                " AND job_id <> ?2 ORDER BY number DESC LIMIT 1) ELSE active_version END WHERE id = ?1",
                DB_ARGS(DB_T(job->agent_id), DB_T(job->id), DB_I(clock_wall_ms())), err);
    return rc < 0 ? (int)rc : 0;
}

int job_delete(struct store *s, const char *id, int with_versions, struct hone_err *err)
{
    static const char *const deletes[] = {
        "DELETE FROM history WHERE job_id = ?1",     "DELETE FROM checkpoints WHERE job_id = ?1",
        "DELETE FROM evaluations WHERE job_id = ?1", "DELETE FROM transitions WHERE job_id = ?1",
        "DELETE FROM versions WHERE job_id = ?1",    "DELETE FROM events WHERE job_id = ?1",
        "DELETE FROM jobs WHERE id = ?1",
    };
    struct job_row job;
    int64_t rc = db_enter(s, err);
    if (rc != 0)
        return (int)rc;
    if ((rc = job_get(s, id, &job, err)) == 0 && (job.status == JOB_PREPARING || job.status == JOB_RUNNING))
        rc = hone_fail(err, ERR_CONFLICT, "job '%.100s' is %s; cancel it first", id,
                       job_status_name((enum job_status)job.status));
    if (rc == 0)
        rc = release_versions(s, &job, with_versions, err);
    for (size_t i = 0; i < sizeof deletes / sizeof deletes[0] && rc >= 0; i++)
        rc = db_run(s, deletes[i], DB_ARGS(DB_T(id)), err);
    job_free(&job);
    return db_leave(s, rc < 0 ? (int)rc : 0, err);
}

int64_t job_data_users(struct store *s, const char *sha256, struct hone_err *err)
{
    int64_t n = 0;
    int rc = db_number(s, "SELECT (SELECT count(*) FROM jobs WHERE data_sha256 = ?1 OR validation_sha256 = ?1)"
                       " + (SELECT count(*) FROM datasets WHERE sha256 = ?1)", DB_ARGS(DB_T(sha256)), &n, err);
    return rc < 0 ? rc : n;
}

void job_free(struct job_row *row)
{
    db_row_free(&job_table, row);
}

void job_list_free(struct job_list *list)
{
    db_rows_free(&job_table, list->v, list->n);
    *list = (struct job_list){ 0 };
}
