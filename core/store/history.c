/* See history.h. */
#include "core/store/history.h"

#include "core/base/clock.h"
#include "core/store/db.h"

#define COL(name, type) { #name, type, offsetof(struct history_row, name) }
static const struct db_col cols[] = {
    COL(epoch, DB_INT), COL(step, DB_INT), COL(row, DB_TEXT), COL(created_at, DB_INT),
};
static const struct db_table table = { "history", cols, sizeof cols / sizeof cols[0], sizeof(struct history_row) };

int history_put(struct store *s, const char *job_id, int64_t epoch, int64_t step, const char *row,
                struct hone_err *err)
{
    int64_t rc = db_run(s, "INSERT OR REPLACE INTO history (job_id, epoch, step, row, created_at)"
                        " VALUES (?1, ?2, ?3, ?4, ?5)",
                        DB_ARGS(DB_T(job_id), DB_I(epoch), DB_I(step), DB_T(row), DB_I(clock_wall_ms())), err);
    return rc < 0 ? (int)rc : 0;
}

int history_list(struct store *s, const char *job_id, int64_t after_step, int64_t limit, struct history_list *list,
                 struct hone_err *err)
{
    void *rows;
    int rc = db_rows(s, &table, "WHERE job_id = ?1 AND step > ?2 ORDER BY step, epoch LIMIT ?3",
                     DB_ARGS(DB_T(job_id), DB_I(after_step), DB_I(db_limit(limit))), &rows, &list->n, err);
    list->v = rows;
    return rc;
}

int history_truncate(struct store *s, const char *job_id, int64_t step, struct hone_err *err)
{
    int64_t rc = db_run(s, "DELETE FROM history WHERE job_id = ?1 AND step > ?2", DB_ARGS(DB_T(job_id), DB_I(step)),
                        err);
    return rc < 0 ? (int)rc : 0;
}

void history_list_free(struct history_list *list)
{
    db_rows_free(&table, list->v, list->n);
    *list = (struct history_list){ 0 };
}
