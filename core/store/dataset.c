/* See dataset.h. */
#include "core/store/dataset.h"

#include <string.h>
#include "core/base/clock.h"
#include "core/store/db.h"

#define COL(name, type) { #name, type, offsetof(struct dataset_row, name) }
static const struct db_col cols[] = {
    COL(id, DB_TEXT), COL(tenant, DB_TEXT), COL(kind, DB_INT), COL(name, DB_TEXT), COL(description, DB_TEXT), COL(file, DB_TEXT),
    COL(format, DB_TEXT), COL(sha256, DB_TEXT), COL(bytes, DB_INT), COL(examples, DB_INT), COL(metadata, DB_TEXT), COL(created_at, DB_INT),
    COL(token_id, DB_TEXT),
};
static const struct db_table table = { "datasets", cols, sizeof cols / sizeof cols[0], sizeof(struct dataset_row) };

static const char *const words[] = { "dataset", "training module" };
static const char *const prefixes[] = { "data", "module" };

static int missing(enum dataset_kind kind, const char *id, struct hone_err *err)
{
    return hone_fail(err, ERR_NOT_FOUND, "there is no %s '%.200s'%s", words[kind], id,
                     kind == DATASET_MODULE ? "; hone module list shows those that exist, hone module create makes one" : "");
}

int dataset_insert(struct store *s, struct dataset_row *row, struct hone_err *err)
{
    int rc = db_new_id(prefixes[row->kind], &row->id, err);
    if (rc == 0 && !row->tenant && !(row->tenant = strdup(db_tenant(s))))
        rc = hone_fail(err, HONE_ENOMEM, "memory ran out");
    row->created_at = clock_wall_ms();
    return rc != 0 ? rc : db_insert(s, "INSERT", &table, row, err);
}

int dataset_get(struct store *s, enum dataset_kind kind, const char *id, struct dataset_row *row, struct hone_err *err)
{
    int64_t named = 0;
    int rc = db_row(s, &table, "WHERE id = ?1 AND kind = ?2 AND" MINE, DB_ARGS(DB_T(id), DB_I(kind)), row, err);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    rc = db_number(s, "SELECT count(*) FROM datasets WHERE name = ?1 AND kind = ?2 AND" MINE, DB_ARGS(DB_T(id), DB_I(kind)), &named, err);
    if (rc >= 0 && named > 1)
        return hone_fail(err, HONE_EINVAL, "%lld are called '%.200s'; name the %s by its id", (long long)named, id, words[kind]);
    if (rc >= 0 && named == 1)
        rc = db_row(s, &table, "WHERE name = ?1 AND kind = ?2 AND" MINE, DB_ARGS(DB_T(id), DB_I(kind)), row, err);
    return rc < 0 ? rc : named ? 0 : missing(kind, id, err);
}

int dataset_of_module(struct store *s, const char *module_id, struct dataset_list *list, struct hone_err *err)
{
    void *rows;
    int rc = db_rows(s, &table, "WHERE kind = 0 AND json_extract(metadata, '$.module_id') = ?1 AND" MINE "ORDER BY id DESC",
                     DB_ARGS(DB_T(module_id)), &rows, &list->n, err);
    list->v = rows;
    return rc;
}

int dataset_list(struct store *s, enum dataset_kind kind, const char *after, int64_t limit, struct dataset_list *list, struct hone_err *err)
{
    void *rows;
    int rc = db_rows(s, &table, "WHERE kind = ?1 AND (?2 IS NULL OR id < ?2) AND" MINE "ORDER BY id DESC LIMIT ?3",
                     DB_ARGS(DB_I(kind), DB_T(after), DB_I(db_limit(limit))), &rows, &list->n, err);
    list->v = rows;
    return rc;
}

int dataset_delete(struct store *s, enum dataset_kind kind, const char *id, struct hone_err *err)
{
    int64_t n = db_run(s, "DELETE FROM datasets WHERE id = ?1 AND kind = ?2 AND" MINE, DB_ARGS(DB_T(id), DB_I(kind)), err);
    return n < 0 ? (int)n : n == 0 ? missing(kind, id, err) : 0;
}

void dataset_free(struct dataset_row *row)
{
    db_row_free(&table, row);
}

void dataset_list_free(struct dataset_list *list)
{
    db_rows_free(&table, list->v, list->n);
    *list = (struct dataset_list){ 0 };
}
