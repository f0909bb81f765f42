/* See inventory.h. What a base was and which examples it had learned stands in the job's `data_counts`. */
#include "core/store/inventory.h"

#include "core/store/db.h"

#define COL(name, type) { #name, type, offsetof(struct inventory_file, name) }
static const struct db_col cols[] = { COL(path, DB_TEXT), COL(sha256, DB_TEXT), COL(bytes, DB_INT), COL(what, DB_TEXT) };

/* A file beside the job, named base-<sha256>.<suffix> or, where there are no links, <sha256>.<suffix>. */
#define BASE(member) \
    "SELECT 'jobs/' || id || '/' || json_extract(data_counts, '$.base.data." member "')," \
    " substr(replace(json_extract(data_counts, '$.base.data." member "'), 'base-', ''), 1, 64), -1, 'the examples of the base of job ' || id" \
    " FROM jobs WHERE json_extract(data_counts, '$.base.data." member "') IS NOT NULL"

static const struct db_table table = {
    "(SELECT path, max(sha256) AS sha256, max(bytes) AS bytes, min(what) AS what FROM ("
    "SELECT 'jobs/' || job_id || '/' || file AS path, sha256, bytes, 'a checkpoint of job ' || job_id AS what FROM checkpoints"
    " UNION ALL SELECT weights_file, weights_sha256, weights_bytes, 'the weights of version ' || id FROM versions"
    " UNION ALL SELECT weights_file, weights_sha256, -1, 'the weights of job ' || id FROM jobs WHERE weights_file IS NOT NULL"
    " UNION ALL SELECT data_file, data_sha256, -1, 'the examples of job ' || id FROM jobs WHERE data_file IS NOT NULL"
    " UNION ALL SELECT validation_file, validation_sha256, -1, 'the validation examples of job ' || id FROM jobs WHERE validation_file IS NOT NULL"
    " UNION ALL SELECT file, sha256, bytes, 'the file of ' || CASE kind WHEN 0 THEN 'dataset ' ELSE 'module ' END || id FROM datasets"
    " UNION ALL SELECT 'jobs/' || id || '/' || json_extract(data_counts, '$.base.file'), json_extract(data_counts, '$.base.sha256'), -1,"
    " 'the base of job ' || id FROM jobs WHERE json_extract(data_counts, '$.base.file') IS NOT NULL"
    " UNION ALL " BASE("file") " UNION ALL " BASE("validation_file")
    ") GROUP BY path)",
    cols, sizeof cols / sizeof cols[0], sizeof(struct inventory_file),
};

int inventory_list(struct store *s, struct inventory *list, struct hone_err *err)
{
    void *rows = NULL;
    int rc = db_rows(s, &table, "ORDER BY path", NULL, 0, &rows, &list->n, err);
    list->v = rows;
    return rc;
}

void inventory_free(struct inventory *list)
{
    db_rows_free(&table, list->v, list->n);
    *list = (struct inventory){ 0 };
}
