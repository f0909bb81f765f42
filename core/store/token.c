/* See token.h. */
#include "core/store/token.h"

#include "core/base/clock.h"
#include "core/store/db.h"

#define COL(name, type) { #name, type, offsetof(struct token_row, name) }
static const struct db_col cols[] = {
    COL(id, DB_TEXT), COL(tenant, DB_TEXT), COL(scope, DB_INT), COL(name, DB_TEXT), COL(secret_sha256, DB_TEXT), COL(created_at, DB_INT),
    COL(expires_at, DB_INT), COL(used_at, DB_INT), COL(revoked_at, DB_INT),
};
static const struct db_table table = { "tokens", cols, sizeof cols / sizeof cols[0], sizeof(struct token_row) };

int token_insert(struct store *s, const struct token_row *row, struct hone_err *err)
{
    return db_insert(s, "INSERT", &table, row, err);
}

int token_list(struct store *s, struct token_list *list, struct hone_err *err)
{
    void *rows;
    int rc = db_rows(s, &table, "WHERE" MINE "ORDER BY created_at DESC, id", NULL, 0, &rows, &list->n, err);
    list->v = rows;
    return rc;
}

int token_revoke(struct store *s, const char *id, struct hone_err *err)
{
    int64_t n = db_run(s, "UPDATE tokens SET revoked_at = CASE revoked_at WHEN 0 THEN ?2 ELSE revoked_at END WHERE id = ?1 AND" MINE,
                       DB_ARGS(DB_T(id), DB_I(clock_wall_ms())), err);
    return n < 0 ? (int)n : n == 0 ? hone_fail(err, ERR_NOT_FOUND, "there is no token '%.80s'", id) : 0;
}

int token_used(struct store *s, const char *id, int64_t at, struct hone_err *err)
{
    int64_t n = db_run(s, "UPDATE tokens SET used_at = max(used_at, ?2) WHERE id = ?1", DB_ARGS(DB_T(id), DB_I(at)), err);
    return n < 0 ? (int)n : 0;
}

void token_list_free(struct token_list *list)
{
    db_rows_free(&table, list->v, list->n);
    *list = (struct token_list){ 0 };
}
