/* See checkpoint.h. */
#include "core/store/checkpoint.h"

#include "core/base/clock.h"
#include "core/store/db.h"

#define COL(name, type) { #name, type, offsetof(struct checkpoint_row, name) }
static const struct db_col cols[] = {
    COL(id, DB_TEXT), COL(job_id, DB_TEXT), COL(file, DB_TEXT), COL(bytes, DB_INT), COL(sha256, DB_TEXT),
    COL(epoch, DB_INT), COL(step, DB_INT), COL(kind, DB_TEXT), COL(metrics, DB_TEXT), COL(created_at, DB_INT),
};
static const struct db_table table = { "checkpoints", cols, sizeof cols / sizeof cols[0],
                                       sizeof(struct checkpoint_row) };

#define NEWEST "(SELECT id FROM checkpoints WHERE job_id = ?1 ORDER BY step DESC, id DESC LIMIT 1)"
#define PRUNED "job_id = ?1 AND kind = 'interval' AND id <> " NEWEST " AND id NOT IN (SELECT id FROM checkpoints" \
               " WHERE job_id = ?1 AND kind = 'interval' ORDER BY step DESC, id DESC LIMIT ?2)"

int checkpoint_put(struct store *s, struct checkpoint_row *row, struct hone_err *err)
{
    int rc = db_new_id("ckpt", &row->id, err);
    row->created_at = clock_wall_ms();
    return rc != 0 ? rc : db_insert(s, "INSERT OR REPLACE", &table, row, err);
}

int checkpoint_latest(struct store *s, const char *job_id, struct checkpoint_row *row, struct hone_err *err)
{
    int rc = db_row(s, &table, "WHERE id = " NEWEST, DB_ARGS(DB_T(job_id)), row, err);
    return rc == 0 ? hone_fail(err, ERR_NOT_FOUND, "job '%.200s' has no checkpoint", job_id) : rc < 0 ? rc : 0;
}

int checkpoint_list(struct store *s, const char *job_id, int64_t limit, struct checkpoint_list *list,
                    struct hone_err *err)
{
    void *rows;
    int rc = db_rows(s, &table, "WHERE id IN (SELECT id FROM checkpoints WHERE job_id = ?1 ORDER BY step DESC, id DESC"
                     " LIMIT ?2) ORDER BY step, id",
                     DB_ARGS(DB_T(job_id), DB_I(db_limit(limit))), &rows, &list->n, err);
    list->v = rows;
    return rc;
}

int checkpoint_forget(struct store *s, const char *job_id, const char *file, struct hone_err *err)
{
    int64_t rc = db_run(s, "DELETE FROM checkpoints WHERE job_id = ?1 AND file = ?2",
                        DB_ARGS(DB_T(job_id), DB_T(file)), err);
    return rc < 0 ? (int)rc : 0;
}

int checkpoint_prune(struct store *s, const char *job_id, int64_t keep, struct checkpoint_list *gone,
                     struct hone_err *err)
{
    void *rows = NULL;
    keep = keep < 0 ? 0 : keep; /* below 0 LIMIT would mean all */
    *gone = (struct checkpoint_list){ 0 };
    int64_t rc = db_enter(s, err);
    if (rc != 0)
        return (int)rc;
    rc = db_rows(s, &table, "WHERE " PRUNED " ORDER BY step, id", DB_ARGS(DB_T(job_id), DB_I(keep)), &rows, &gone->n,
                 err);
    gone->v = rows;
    if (rc == 0 && gone->n > 0)
        rc = db_run(s, "DELETE FROM checkpoints WHERE " PRUNED, DB_ARGS(DB_T(job_id), DB_I(keep)), err);
    rc = db_leave(s, rc < 0 ? (int)rc : 0, err);
    if (rc != 0)
        checkpoint_list_free(gone);
    return (int)rc;
}

void checkpoint_free(struct checkpoint_row *row)
{
    db_row_free(&table, row);
}

void checkpoint_list_free(struct checkpoint_list *list)
{
    db_rows_free(&table, list->v, list->n);
    *list = (struct checkpoint_list){ 0 };
}
