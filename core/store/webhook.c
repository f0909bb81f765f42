/* See webhook.h. */
#include "core/store/webhook.h"

#include <string.h>
#include "core/base/clock.h"
#include "core/store/db.h"

#define COL(name, type) { #name, type, offsetof(struct webhook_row, name) }
static const struct db_col cols[] = {
    COL(id, DB_TEXT), COL(tenant, DB_TEXT), COL(url, DB_TEXT), COL(description, DB_TEXT), COL(events, DB_TEXT), COL(secret, DB_TEXT),
    COL(old_secret, DB_TEXT), COL(old_until, DB_INT), COL(failing_since, DB_INT), COL(disabled_at, DB_INT), COL(disabled_reason, DB_TEXT),
    COL(created_at, DB_INT), COL(updated_at, DB_INT),
};
static const struct db_table table = { "webhooks", cols, sizeof cols / sizeof cols[0], sizeof(struct webhook_row) };

const char *const webhook_types[] = {
    "training.started", "training.progress", "training.checkpoint", "training.completed", "training.failed", "training.cancelled",
    "pipeline.completed", "pipeline.failed", "agent.adapted", "agent.rolled_back", NULL,
};

int webhook_type_is_optional(const char *type)
{
    return strcmp(type, "training.progress") == 0 || strcmp(type, WEBHOOK_TEST) == 0;
}

static int missing(const char *id, struct hone_err *err)
{
    return hone_fail(err, ERR_NOT_FOUND, "there is no webhook '%.200s'", id);
}

int webhook_insert(struct store *s, struct webhook_row *row, struct hone_err *err)
{
    int rc = db_new_id("wh", &row->id, err);
    if (rc == 0 && !row->tenant && !(row->tenant = strdup(db_tenant(s))))
        rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
    row->created_at = row->updated_at = clock_wall_ms();
    return rc != 0 ? rc : db_insert(s, "INSERT", &table, row, err);
}

int webhook_get(struct store *s, const char *id, struct webhook_row *row, struct hone_err *err)
{
    int rc = db_row(s, &table, "WHERE id = ?1 AND" MINE, DB_ARGS(DB_T(id)), row, err);
    return rc == 0 ? missing(id, err) : rc < 0 ? rc : 0;
}

int webhook_list(struct store *s, const char *after, int64_t limit, struct webhook_list *list, struct hone_err *err)
{
    void *rows;
    int rc = db_rows(s, &table, "WHERE (?1 IS NULL OR id < ?1) AND" MINE "ORDER BY id DESC LIMIT ?2", DB_ARGS(DB_T(after), DB_I(db_limit(limit))),
                     &rows, &list->n, err);
    list->v = rows;
    return rc;
}

int webhook_update(struct store *s, struct webhook_row *row, struct hone_err *err)
{
    row->updated_at = clock_wall_ms();
    int64_t n = db_run(s, "UPDATE webhooks SET url = ?2, description = ?3, events = ?4, secret = ?5, old_secret = ?6, old_until = ?7,"
                       " failing_since = ?8, disabled_at = ?9, disabled_reason = ?10, updated_at = ?11 WHERE id = ?1 AND" MINE,
                       DB_ARGS(DB_T(row->id), DB_T(row->url), DB_T(row->description), DB_T(row->events), DB_T(row->secret), DB_T(row->old_secret),
                               DB_I(row->old_until), DB_I(row->failing_since), DB_I(row->disabled_at), DB_T(row->disabled_reason),
                               DB_I(row->updated_at)), err);
    return n < 0 ? (int)n : n == 0 ? missing(row->id, err) : 0;
}

static int64_t delete_all(struct store *s, const char *id, struct hone_err *err)
{
    static const char *const deletes[] = {
        "DELETE FROM attempts WHERE delivery_id IN (SELECT id FROM deliveries WHERE webhook_id = ?1)",
        "DELETE FROM deliveries WHERE webhook_id = ?1",
        "DELETE FROM webhooks WHERE id = ?1",
    };
    struct webhook_row row;
    int64_t rc = webhook_get(s, id, &row, err);
    webhook_free(&row);
    for (size_t i = 0; i < sizeof deletes / sizeof deletes[0] && rc >= 0; i++)
        rc = db_run(s, deletes[i], DB_ARGS(DB_T(id)), err);
    return rc;
}

int webhook_delete(struct store *s, const char *id, struct hone_err *err)
{
    int rc = db_enter(s, err);
    if (rc != 0)
        return rc;
    int64_t done = delete_all(s, id, err);
    return db_leave(s, done < 0 ? (int)done : 0, err);
}

void webhook_free(struct webhook_row *row)
{
    db_row_free(&table, row);
}

void webhook_list_free(struct webhook_list *list)
{
    db_rows_free(&table, list->v, list->n);
    *list = (struct webhook_list){ 0 };
}
