/* See adaptation.h. */
#include "core/store/adaptation.h"

#include "core/base/clock.h"
#include "core/store/db.h"

#define COL(name, type) { #name, type, offsetof(struct adaptation_row, name) }
static const struct db_col cols[] = {
    COL(id, DB_TEXT), COL(agent_id, DB_TEXT), COL(version_id, DB_TEXT), COL(previous_id, DB_TEXT), COL(status, DB_TEXT), COL(proposal, DB_TEXT),
    COL(reason, DB_TEXT), COL(created_at, DB_INT), COL(decided_at, DB_INT),
};
static const struct db_table table = { "adaptations", cols, sizeof cols / sizeof cols[0], sizeof(struct adaptation_row) };

int adaptation_insert(struct store *s, struct adaptation_row *row, struct hone_err *err)
{
    int rc = db_new_id("adapt", &row->id, err);
    row->created_at = clock_wall_ms();
    return rc != 0 ? rc : db_insert(s, "INSERT", &table, row, err);
}

int adaptation_open(struct store *s, const char *agent_id, struct adaptation_row *row, struct hone_err *err)
{
    return db_row(s, &table, "WHERE agent_id = ?1 AND status IN ('" ADAPTATION_CANARY "', '" ADAPTATION_APPLIED "')", DB_ARGS(DB_T(agent_id)), row, err);
}

int adaptation_decide(struct store *s, const char *id, const char *status, const char *reason, struct hone_err *err)
{
    int64_t n = db_run(s, "UPDATE adaptations SET status = ?2, reason = ?3, decided_at = ?4 WHERE id = ?1",
                       DB_ARGS(DB_T(id), DB_T(status), DB_T(reason), DB_I(clock_wall_ms())), err);
    return n < 0 ? (int)n : n == 0 ? hone_fail(err, ERR_NOT_FOUND, "there is no adaptation '%.200s'", id) : 0;
}

int adaptation_list(struct store *s, const char *agent_id, int64_t limit, struct adaptation_list *list, struct hone_err *err)
{
    void *rows;
    int rc = db_rows(s, &table, "WHERE agent_id = ?1 ORDER BY id DESC LIMIT ?2", DB_ARGS(DB_T(agent_id), DB_I(db_limit(limit))), &rows, &list->n, err);
    list->v = rows;
    return rc;
}

void adaptation_free(struct adaptation_row *row)
{
    db_row_free(&table, row);
}

void adaptation_list_free(struct adaptation_list *list)
{
    db_rows_free(&table, list->v, list->n);
    *list = (struct adaptation_list){ 0 };
}
