/* See evaluation.h. */
#include "core/store/evaluation.h"

#include "core/base/clock.h"
#include "core/store/db.h"

#define COL(name, type) { #name, type, offsetof(struct evaluation_row, name) }
static const struct db_col cols[] = {
    COL(id, DB_TEXT), COL(job_id, DB_TEXT), COL(data_sha256, DB_TEXT), COL(weights_sha256, DB_TEXT),
    COL(criteria, DB_TEXT), COL(benchmark_job, DB_TEXT), COL(overall_score, DB_REAL), COL(result, DB_TEXT),
    COL(created_at, DB_INT),
};
static const struct db_table table = { "evaluations", cols, sizeof cols / sizeof cols[0],
                                       sizeof(struct evaluation_row) };

int evaluation_insert(struct store *s, struct evaluation_row *row, struct hone_err *err)
{
    int rc = db_new_id("eval", &row->id, err);
    row->created_at = clock_wall_ms();
    return rc != 0 ? rc : db_insert(s, "INSERT", &table, row, err);
}

int evaluation_get(struct store *s, const char *id, struct evaluation_row *row, struct hone_err *err)
{
    int rc = db_row(s, &table, "WHERE id = ?1", DB_ARGS(DB_T(id)), row, err);
    return rc == 0 ? hone_fail(err, ERR_NOT_FOUND, "there is no evaluation '%.200s'", id) : rc < 0 ? rc : 0;
}

int evaluation_list(struct store *s, const char *job_id, const char *after, int64_t limit,
                    struct evaluation_list *list, struct hone_err *err)
{
    void *rows;
    int rc = db_rows(s, &table, "WHERE job_id = ?1 AND (?2 IS NULL OR id < ?2) ORDER BY id DESC LIMIT ?3",
                     DB_ARGS(DB_T(job_id), DB_T(after), DB_I(db_limit(limit))), &rows, &list->n, err);
    list->v = rows;
    return rc;
}

void evaluation_free(struct evaluation_row *row)
{
    db_row_free(&table, row);
}

void evaluation_list_free(struct evaluation_list *list)
{
    db_rows_free(&table, list->v, list->n);
    *list = (struct evaluation_list){ 0 };
}
