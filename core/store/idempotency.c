/* See idempotency.h. */
#include "core/store/idempotency.h"

#include "core/base/clock.h"
#include "core/store/db.h"

#define COL(name, type) { #name, type, offsetof(struct idempotency_row, name) }
static const struct db_col cols[] = {
    COL(tenant, DB_TEXT), COL(key, DB_TEXT), COL(body_sha256, DB_TEXT), COL(status, DB_INT), COL(response, DB_TEXT), COL(created_at, DB_INT),
};
static const struct db_table table = { "idempotency", cols, sizeof cols / sizeof cols[0], sizeof(struct idempotency_row) };

int idempotency_get(struct store *s, const char *key, struct idempotency_row *row, struct hone_err *err)
{
    return db_row(s, &table, "WHERE tenant = ?1 AND key = ?2 AND created_at > ?3",
                  DB_ARGS(DB_T(db_tenant(s)), DB_T(key), DB_I(clock_wall_ms() - IDEMPOTENCY_KEEP_MS)), row, err);
}

int idempotency_put(struct store *s, const char *key, const char *body_sha256, int64_t status, const char *response, struct hone_err *err)
{
    int64_t rc = db_run(s, "INSERT OR REPLACE INTO idempotency (tenant, key, body_sha256, status, response, created_at)"
                        " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                        DB_ARGS(DB_T(db_tenant(s)), DB_T(key), DB_T(body_sha256), DB_I(status), DB_T(response), DB_I(clock_wall_ms())), err);
    return rc < 0 ? (int)rc : 0;
}

int idempotency_forget(struct store *s, const char *key, struct hone_err *err)
{
    int64_t rc = db_run(s, "DELETE FROM idempotency WHERE tenant = ?1 AND key = ?2", DB_ARGS(DB_T(db_tenant(s)), DB_T(key)), err);
    return rc < 0 ? (int)rc : 0;
}

int idempotency_prune(struct store *s, int at_start, struct hone_err *err)
{
    int64_t rc = db_run(s, "DELETE FROM idempotency WHERE created_at <= ?1 OR (?2 AND status = 0)",
                        DB_ARGS(DB_I(clock_wall_ms() - IDEMPOTENCY_KEEP_MS), DB_I(at_start)), err);
    return rc < 0 ? (int)rc : 0;
}

void idempotency_free(struct idempotency_row *row)
{
    db_row_free(&table, row);
}
