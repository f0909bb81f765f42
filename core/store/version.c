/* See version.h. */
#include "core/store/version.h"

#include "core/base/clock.h"
#include "core/store/db.h"

#define COL(name, type) { #name, type, offsetof(struct version_row, name) }
static const struct db_col cols[] = {
    COL(id, DB_TEXT), COL(agent_id, DB_TEXT), COL(number, DB_INT), COL(job_id, DB_TEXT), COL(weights_file, DB_TEXT),
    COL(weights_sha256, DB_TEXT), COL(weights_bytes, DB_INT), COL(settings, DB_TEXT), COL(created_at, DB_INT),
};
static const struct db_table table = { "versions", cols, sizeof cols / sizeof cols[0], sizeof(struct version_row) };

int version_insert(struct store *s, struct version_row *row, struct hone_err *err)
{
    int64_t agents = 0;
    int rc = db_new_id("ver", &row->id, err);
    if (rc != 0 || (rc = db_enter(s, err)) != 0)
        return rc;
    row->created_at = clock_wall_ms();
    rc = db_number(s, "SELECT count(*) FROM agents WHERE id = ?1", DB_ARGS(DB_T(row->agent_id)), &agents, err);
    if (rc >= 0 && agents == 0)
        rc = hone_fail(err, ERR_NOT_FOUND, "there is no agent '%.200s'", row->agent_id);
    if (rc >= 0)
        rc = db_number(s, "SELECT coalesce(max(number), 0) + 1 FROM versions WHERE agent_id = ?1",
                       DB_ARGS(DB_T(row->agent_id)), &row->number, err);
    if (rc >= 0)
        rc = db_insert(s, "INSERT", &table, row, err);
    return db_leave(s, rc, err);
}

int version_get(struct store *s, const char *id, struct version_row *row, struct hone_err *err)
{
    int rc = db_row(s, &table, "WHERE id = ?1", DB_ARGS(DB_T(id)), row, err);
    return rc == 0 ? hone_fail(err, ERR_NOT_FOUND, "there is no version '%.200s'", id) : rc < 0 ? rc : 0;
}

int version_by_number(struct store *s, const char *agent_id, int64_t number, struct version_row *row,
                      struct hone_err *err)
{
    int rc = db_row(s, &table, "WHERE agent_id = ?1 AND number = ?2", DB_ARGS(DB_T(agent_id), DB_I(number)), row, err);
    return rc == 0 ? hone_fail(err, ERR_NOT_FOUND, "agent '%.200s' has no version %lld", agent_id, (long long)number)
                   : rc < 0 ? rc : 0;
}

int version_find(struct store *s, const char *agent_id, const char *id_or_number, struct version_row *row, struct hone_err *err)
{
    int rc = db_row(s, &table, "WHERE agent_id = ?1 AND (id = ?2 OR job_id = ?2 OR cast(number AS TEXT) = ?2) ORDER BY number LIMIT 1", DB_ARGS(DB_T(agent_id), DB_T(id_or_number)),
                    row, err);
    return rc == 0 ? hone_fail(err, ERR_NOT_FOUND, "agent '%.200s' has no version '%.80s'", agent_id, id_or_number) : rc < 0 ? rc : 0;
}

int version_active(struct store *s, const char *agent_id, struct version_row *row, struct hone_err *err)
{
    int64_t agents = 0;
    int rc = db_row(s, &table, "WHERE id = (SELECT active_version FROM agents WHERE id = ?1)", DB_ARGS(DB_T(agent_id)),
                    row, err);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    rc = db_number(s, "SELECT count(*) FROM agents WHERE id = ?1", DB_ARGS(DB_T(agent_id)), &agents, err);
    if (rc < 0)
        return rc;
    if (agents == 0)
        return hone_fail(err, ERR_NOT_FOUND, "there is no agent '%.200s'", agent_id);
    return hone_fail(err, ERR_PRECONDITION, "agent '%.200s' has no trained version yet; train it first", agent_id);
}

int version_list(struct store *s, const char *agent_id, int64_t before, int64_t limit, struct version_list *list,
                 struct hone_err *err)
{
    void *rows;
    int rc = db_rows(s, &table, "WHERE agent_id = ?1 AND (?2 = 0 OR number < ?2) ORDER BY number DESC LIMIT ?3",
                     DB_ARGS(DB_T(agent_id), DB_I(before), DB_I(db_limit(limit))), &rows, &list->n, err);
    list->v = rows;
    return rc;
}

int version_was_deployed(struct store *s, const char *job_id, struct hone_err *err)
{
    int64_t n = 0;
    int rc = db_number(s, "SELECT count(*) FROM deployments WHERE version_id IN (SELECT id FROM versions WHERE job_id = ?1)", DB_ARGS(DB_T(job_id)), &n, err);
    return rc < 0 ? rc : n > 0;
}

void version_free(struct version_row *row)
{
    db_row_free(&table, row);
}

void version_list_free(struct version_list *list)
{
    db_rows_free(&table, list->v, list->n);
    *list = (struct version_list){ 0 };
}
