/* See event.h. */
#include "core/store/event.h"

#include "core/base/clock.h"
#include "core/store/db.h"

#define COL(name, type) { #name, type, offsetof(struct event_row, name) }
static const struct db_col cols[] = {
    COL(seq, DB_INT), COL(tenant, DB_TEXT), COL(job_id, DB_TEXT), COL(type, DB_TEXT), COL(data, DB_TEXT), COL(at, DB_INT),
};
static const struct db_table table = { "events", cols, sizeof cols / sizeof cols[0], sizeof(struct event_row) };

int event_add(struct store *s, const char *job_id, const char *tenant, const char *type, const char *data, struct hone_err *err)
{
    int64_t rc = db_run(s, "INSERT INTO events (tenant, job_id, type, data, at) VALUES (?1, ?2, ?3, ?4, ?5)",
                        DB_ARGS(DB_T(tenant ? tenant : db_tenant(s)), DB_T(job_id), DB_T(type), DB_T(data), DB_I(clock_wall_ms())), err);
    if (rc < 0)
        return (int)rc;
    s->events++;
    return 0;
}

int event_list(struct store *s, const char *job_id, int64_t after, int64_t limit, struct event_list *list, struct hone_err *err)
{
    void *rows;
    int rc = job_id ? db_rows(s, &table, "WHERE job_id = ?1 AND seq > ?2 AND" MINE "ORDER BY seq LIMIT ?3",
                              DB_ARGS(DB_T(job_id), DB_I(after), DB_I(db_limit(limit))), &rows, &list->n, err)
                    : db_rows(s, &table, "WHERE seq > ?1 AND" MINE "ORDER BY seq LIMIT ?2",
                              DB_ARGS(DB_I(after), DB_I(db_limit(limit))), &rows, &list->n, err);
    list->v = rows;
    return rc;
}

int event_newest(struct store *s, int64_t *seq, struct hone_err *err)
{
    int rc = db_number(s, "SELECT coalesce(max(seq), 0) FROM events", NULL, 0, seq, err);
    return rc < 0 ? rc : 0;
}

void event_list_free(struct event_list *list)
{
    db_rows_free(&table, list->v, list->n);
    *list = (struct event_list){ 0 };
}
