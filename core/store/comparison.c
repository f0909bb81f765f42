/* See comparison.h. */
#include "core/store/comparison.h"

#include <string.h>
#include "core/base/clock.h"
#include "core/store/db.h"

#define COL(name, type) { #name, type, offsetof(struct comparison_row, name) }
static const struct db_col cols[] = {
    COL(id, DB_TEXT), COL(tenant, DB_TEXT), COL(run_ids, DB_TEXT), COL(result, DB_TEXT), COL(created_at, DB_INT),
};
static const struct db_table table = { "comparisons", cols, sizeof cols / sizeof cols[0], sizeof(struct comparison_row) };

int comparison_insert(struct store *s, struct comparison_row *row, struct hone_err *err)
{
    int rc = db_new_id("cmp", &row->id, err);
    if (rc == 0 && !row->tenant && !(row->tenant = strdup(db_tenant(s))))
        rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
    row->created_at = clock_wall_ms();
    return rc != 0 ? rc : db_insert(s, "INSERT", &table, row, err);
}

int comparison_get(struct store *s, const char *id, struct comparison_row *row, struct hone_err *err)
{
    int rc = db_row(s, &table, "WHERE id = ?1 AND" MINE, DB_ARGS(DB_T(id)), row, err);
    return rc == 0 ? hone_fail(err, ERR_NOT_FOUND, "there is no comparison '%.200s'", id) : rc < 0 ? rc : 0;
}

void comparison_free(struct comparison_row *row)
{
    db_row_free(&table, row);
}
