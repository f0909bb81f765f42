/* See pipeline.h. */
#include "core/store/pipeline.h"

#include <string.h>
#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/store/db.h"
#include "core/store/outbox.h"

#define RUN(name, type) { #name, type, offsetof(struct run_row, name) }
static const struct db_col run_cols[] = {
    RUN(id, DB_TEXT), RUN(tenant, DB_TEXT), RUN(kind, DB_TEXT), RUN(name, DB_TEXT), RUN(definition, DB_TEXT), RUN(local, DB_INT),
    RUN(status, DB_INT), RUN(cancel, DB_INT), RUN(elapsed_ms, DB_INT), RUN(result, DB_TEXT), RUN(error_code, DB_TEXT),
    RUN(error_text, DB_TEXT), RUN(created_at, DB_INT), RUN(updated_at, DB_INT), RUN(completed_at, DB_INT),
    RUN(token_id, DB_TEXT), RUN(trace_id, DB_TEXT),
};
static const struct db_table runs = { "pipeline_runs", run_cols, sizeof run_cols / sizeof run_cols[0], sizeof(struct run_row) };

#define STEP(name, type) { #name, type, offsetof(struct step_row, name) }
static const struct db_col step_cols[] = {
    STEP(run_id, DB_TEXT), STEP(seq, DB_INT), STEP(name, DB_TEXT), STEP(part, DB_INT), STEP(kind, DB_TEXT), STEP(status, DB_INT),
    STEP(attempts, DB_INT), STEP(job_id, DB_TEXT), STEP(inputs, DB_TEXT), STEP(same_as, DB_TEXT), STEP(result, DB_TEXT), STEP(reason, DB_TEXT),
    STEP(started_at, DB_INT), STEP(completed_at, DB_INT),
};
static const struct db_table steps = { "pipeline_steps", step_cols, sizeof step_cols / sizeof step_cols[0], sizeof(struct step_row) };

static const char *const run_statuses[] = { "running", "paused", "completed", "failed", "cancelled" };
static const char *const step_statuses[] = { "pending", "running", "completed", "skipped", "stopped", "failed" };

const char *run_status_name(enum run_status status)
{
    return (unsigned)status < RUN_STATUSES ? run_statuses[status] : "unknown";
}

int run_status_by_name(const char *name)
{
    for (int i = 0; i < RUN_STATUSES; i++) {
        if (strcmp(name, run_statuses[i]) == 0)
            return i;
    }
    return -1;
}

const char *step_status_name(enum step_status status)
{
    return (unsigned)status < STEP_STATUSES ? step_statuses[status] : "unknown";
}

/* ---- runs ---- */

int run_insert(struct store *s, struct run_row *row, struct hone_err *err)
{
    int rc = db_new_id("run", &row->id, err);
    if (rc == 0 && !row->tenant && !(row->tenant = strdup(db_tenant(s))))
        rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
    row->created_at = row->updated_at = clock_wall_ms();
    return rc != 0 ? rc : db_insert(s, "INSERT", &runs, row, err);
}

int run_get(struct store *s, const char *id, struct run_row *row, struct hone_err *err)
{
    int rc = db_row(s, &runs, "WHERE id = ?1 AND" MINE, DB_ARGS(DB_T(id)), row, err);
    return rc == 0 ? hone_fail(err, ERR_NOT_FOUND, "there is no run '%.200s'; hone pipeline runs shows those that exist", id) : rc < 0 ? rc : 0;
}

#define PREFIX "run_"
#define SHORTEST (sizeof PREFIX - 1 + 4)

int run_find(struct store *s, const char *id, struct run_row *row, struct hone_err *err)
{
    int64_t n = 0;
    if (strcmp(id, "latest") == 0) {
        int rc = db_row(s, &runs, "WHERE" MINE "ORDER BY id DESC LIMIT 1", NULL, 0, row, err);
        return rc == 0 ? hone_fail(err, ERR_NOT_FOUND, "there is no run yet") : rc < 0 ? rc : 0;
    }
    int rc = strncmp(id, PREFIX, sizeof PREFIX - 1) == 0 && strlen(id) >= SHORTEST
                 ? db_number(s, "SELECT count(*) FROM pipeline_runs WHERE substr(id, 1, length(?1)) = ?1 AND" MINE, DB_ARGS(DB_T(id)), &n, err) : 0;
    if (rc >= 0 && n > 1)
        rc = hone_fail(err, ERR_CONFLICT, "%lld runs begin with '%.100s'; give more of the id", (long long)n, id);
    if (rc >= 0 && n == 1)
        rc = db_row(s, &runs, "WHERE substr(id, 1, length(?1)) = ?1 AND" MINE, DB_ARGS(DB_T(id)), row, err);
    if (rc >= 0 && n == 0)
        return run_get(s, id, row, err);
    if (rc < 0)
        *row = (struct run_row){ 0 };
    return rc < 0 ? rc : 0;
}

int run_list(struct store *s, const char *kind, int status, int64_t limit, struct run_list *list, struct hone_err *err)
{
    void *rows;
    int rc = db_rows(s, &runs, "WHERE (?1 IS NULL OR kind = ?1) AND (?2 < 0 OR status = ?2) AND" MINE "ORDER BY id DESC LIMIT ?3",
                     DB_ARGS(DB_T(kind), DB_I(status), DB_I(db_limit(limit))), &rows, &list->n, err);
    list->v = rows;
    return rc;
}

/* The event of a run that has ended, for webhooks. */
static int tell(struct store *s, const char *id, enum run_status to, struct hone_err *err)
{
    struct run_row row;
    if (to != RUN_COMPLETED && to != RUN_FAILED)
        return 0;
    int rc = run_get(s, id, &row, err);
    if (rc < 0)
        return rc;
    cJSON *members = cJSON_CreateObject(), *error = cJSON_CreateObject();
    json_put_str(members, "pipeline_run_id", row.id);
    json_put_str(members, "kind", row.kind);
    json_put_str(members, "name", row.name);
    json_put_str(members, "status", run_status_name(to));
    json_put_str(error, "code", row.error_code);
    json_put_str(error, "message", row.error_text);
    if (to == RUN_FAILED)
        json_put(members, "error", error);
    else
        cJSON_Delete(error);
    rc = outbox_event(s, row.tenant, to == RUN_COMPLETED ? "pipeline.completed" : "pipeline.failed", NULL, members, err);
    cJSON_Delete(members);
    run_free(&row);
    return rc;
}

static int move(struct store *s, const char *id, enum run_status to, const struct run_row *end, int64_t elapsed_ms, struct hone_err *err)
{
    int64_t now = clock_wall_ms(), ended = to == RUN_RUNNING || to == RUN_PAUSED ? 0 : now;
    struct run_row row;
    int64_t n = db_run(s, "UPDATE pipeline_runs SET status = ?2, cancel = 0, elapsed_ms = elapsed_ms + ?3, result = ?4, error_code = ?5, error_text = ?6,"
                       " updated_at = ?7, completed_at = ?8 WHERE id = ?1 AND status NOT IN (2, 4)",
                       DB_ARGS(DB_T(id), DB_I(to), DB_I(elapsed_ms), DB_T(end ? end->result : NULL), DB_T(end ? end->error_code : NULL),
                               DB_T(end ? end->error_text : NULL), DB_I(now), DB_I(ended)), err);
    if (n != 0)
        return n < 0 ? (int)n : tell(s, id, to, err);
    int rc = run_get(s, id, &row, err);
    if (rc == 0)
        rc = hone_fail(err, ERR_CONFLICT, "run %.100s is %s and does not change any more", id, run_status_name((enum run_status)row.status));
    run_free(&row);
    return rc;
}

int run_move(struct store *s, const char *id, enum run_status to, const struct run_row *end, int64_t elapsed_ms, struct hone_err *err)
{
    int rc = db_enter(s, err);
    return rc != 0 ? rc : db_leave(s, move(s, id, to, end, elapsed_ms, err), err);
}

int run_cancel(struct store *s, const char *id, struct hone_err *err)
{
    struct run_row row;
    int64_t n = db_run(s, "UPDATE pipeline_runs SET cancel = 1, updated_at = ?2 WHERE id = ?1 AND status = 0", DB_ARGS(DB_T(id), DB_I(clock_wall_ms())), err);
    if (n != 0)
        return n < 0 ? (int)n : 0;
    int rc = run_get(s, id, &row, err);
    if (rc == 0)
        rc = hone_fail(err, ERR_CONFLICT, "run %.100s is %s; there is nothing to cancel", id, run_status_name((enum run_status)row.status));
    run_free(&row);
    return rc;
}

int run_cancelled(struct store *s, const char *id, struct hone_err *err)
{
    int64_t asked = 0;
    int rc = db_number(s, "SELECT cancel FROM pipeline_runs WHERE id = ?1", DB_ARGS(DB_T(id)), &asked, err);
    return rc < 0 ? rc : (int)asked;
}

void run_free(struct run_row *row)
{
    db_row_free(&runs, row);
}

void run_list_free(struct run_list *list)
{
    db_rows_free(&runs, list->v, list->n);
    *list = (struct run_list){ 0 };
}

/* ---- steps ---- */

int step_put(struct store *s, const struct step_row *row, struct hone_err *err)
{
    return db_insert(s, "INSERT OR REPLACE", &steps, row, err);
}

int step_list(struct store *s, const char *run_id, struct step_list *list, struct hone_err *err)
{
    void *rows;
    int rc = db_rows(s, &steps, "WHERE run_id = ?1 ORDER BY seq", DB_ARGS(DB_T(run_id)), &rows, &list->n, err);
    list->v = rows;
    return rc;
}

int step_same(struct store *s, const char *kind, const char *inputs, struct step_row *row, struct hone_err *err)
{
    return db_row(s, &steps, "WHERE inputs = ?1 AND kind = ?2 AND status = 2 AND same_as IS NULL"
                  " AND run_id IN (SELECT id FROM pipeline_runs WHERE" MINE ") ORDER BY run_id DESC, seq DESC LIMIT 1",
                  DB_ARGS(DB_T(inputs), DB_T(kind)), row, err);
}

void step_free(struct step_row *row)
{
    db_row_free(&steps, row);
}

void step_list_free(struct step_list *list)
{
    db_rows_free(&steps, list->v, list->n);
    *list = (struct step_list){ 0 };
}
