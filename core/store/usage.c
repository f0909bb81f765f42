/* See usage.h. */
#include "core/store/usage.h"

#include "core/store/db.h"

int usage_add_job(struct store *s, const char *tenant, const char *token_id, int64_t now, struct hone_err *err)
{
    int64_t rc = db_run(s, "INSERT INTO usage (tenant, token_id, day, jobs) VALUES (?1, ?2, ?3, 1)"
                        " ON CONFLICT (tenant, token_id, day) DO UPDATE SET jobs = jobs + 1",
                        DB_ARGS(DB_T(tenant), DB_T(token_id ? token_id : ""), DB_I(now / USAGE_DAY_MS)), err);
    return rc < 0 ? (int)rc : 0;
}

#define OF " WHERE tenant = ?1 AND (?2 IS NULL OR token_id = ?2)"
#define JOBS "(SELECT id FROM jobs" OF ")"
#define FILES \
    "SELECT sha256, bytes, examples FROM datasets" OF " UNION ALL SELECT data_sha256, data_bytes, data_examples FROM jobs" OF

int usage_get(struct store *s, const char *tenant, const char *token_id, int64_t now, struct usage *u, struct hone_err *err)
{
    const struct {
        const char *sql;
        int64_t *to;
    } all[] = {
        { "SELECT coalesce(sum(jobs), 0) FROM usage" OF " AND day = ?3", &u->jobs_today },
        { "SELECT count(*) FROM jobs" OF " AND status IN (0, 1)", &u->jobs_active },
        { "SELECT coalesce(sum(n), 0) FROM (SELECT max(examples) AS n FROM (" FILES ") GROUP BY sha256)", &u->examples },
        { "SELECT coalesce(sum(n), 0) FROM (SELECT max(bytes) AS n FROM (" FILES ") GROUP BY sha256)", &u->bytes },
        { "SELECT (SELECT coalesce(sum(weights_bytes), 0) FROM versions WHERE job_id IN " JOBS ")"
          " + (SELECT coalesce(sum(bytes), 0) FROM checkpoints WHERE job_id IN " JOBS ")", &u->weights_bytes },
        { "SELECT CASE WHEN ?2 IS NULL THEN (SELECT count(*) FROM webhooks WHERE tenant = ?1) ELSE 0 END", &u->webhooks },
    };
    const struct db_arg args[] = { DB_T(tenant), DB_T(token_id), DB_I(now / USAGE_DAY_MS) }; /* the day is for the first */
    *u = (struct usage){ 0 };
    int rc = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0] && rc >= 0; i++)
        rc = db_number(s, all[i].sql, args, i == 0 ? 3 : 2, all[i].to, err);
    return rc < 0 ? rc : 0;
}

int usage_prune(struct store *s, int64_t now, struct hone_err *err)
{
    int64_t rc = db_run(s, "DELETE FROM usage WHERE day < ?1", DB_ARGS(DB_I(now / USAGE_DAY_MS)), err);
    return rc < 0 ? (int)rc : 0;
}

static const struct db_col tenant_cols[] = { { "tenant", DB_TEXT, offsetof(struct usage_tenant, tenant) } };
static const struct db_table tenant_table = { "(SELECT tenant FROM tokens UNION SELECT '" STORE_TENANT "' AS tenant)", tenant_cols, 1,
                                              sizeof(struct usage_tenant) };

int usage_tenants(struct store *s, struct usage_tenants *list, struct hone_err *err)
{
    void *rows;
    int rc = db_rows(s, &tenant_table, "ORDER BY tenant", NULL, 0, &rows, &list->n, err);
    list->v = rows;
    return rc;
}

void usage_tenants_free(struct usage_tenants *list)
{
    db_rows_free(&tenant_table, list->v, list->n);
    *list = (struct usage_tenants){ 0 };
}
