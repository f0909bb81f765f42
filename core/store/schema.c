/* See schema.h. A step that has been released is never edited: a change is a new step. Statuses and requests are the
 * numbers of enum job_status and enum job_stop (ORDER job_statuses); times are milliseconds since 1970. */
#include "core/store/schema.h"

#include <stdio.h>

static const char step_1[] =
    "CREATE TABLE agents ("
    " id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE CHECK (name <> ''), description TEXT NOT NULL DEFAULT '',"
    " active_version TEXT REFERENCES versions (id) DEFERRABLE INITIALLY DEFERRED,"
    " created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;"

    "CREATE TABLE jobs ("
    " id TEXT PRIMARY KEY, agent_id TEXT NOT NULL REFERENCES agents (id),"
    " status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 5),"
    " stop_requested INTEGER NOT NULL DEFAULT 0 CHECK (stop_requested BETWEEN 0 AND 2),"
    " training_type TEXT, config TEXT, model TEXT, model_reason TEXT, plugins TEXT,"
    " data_name TEXT, data_file TEXT, data_format TEXT, data_sha256 TEXT,"
    " validation_name TEXT, validation_file TEXT, validation_format TEXT, validation_sha256 TEXT,"
    " data_counts TEXT, estimates TEXT,"
    " epoch INTEGER NOT NULL, total_epochs INTEGER NOT NULL, step INTEGER NOT NULL, total_steps INTEGER NOT NULL,"
    " token_usage INTEGER NOT NULL, elapsed_ms INTEGER NOT NULL,"
    " loss REAL, learning_rate REAL, gradient_norm REAL, examples_per_second REAL, memory_mb REAL,"
    " metrics TEXT, best TEXT, results TEXT, stop_reason TEXT, weights_file TEXT, weights_sha256 TEXT,"
    " error_code TEXT, error_text TEXT, error_stage TEXT, error_details TEXT,"
    " attempt INTEGER NOT NULL, created_at INTEGER NOT NULL, started_at INTEGER NOT NULL,"
    " updated_at INTEGER NOT NULL, completed_at INTEGER NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX jobs_one_active ON jobs (agent_id) WHERE status IN (0, 1);"
    "CREATE INDEX jobs_agent ON jobs (agent_id, id);"
    "CREATE TRIGGER jobs_end BEFORE UPDATE OF status ON jobs"
    " WHEN OLD.status IN (3, 5) AND NEW.status <> OLD.status"
    " BEGIN SELECT RAISE(ABORT, 'a completed or cancelled job does not change'); END;"

    "CREATE TABLE transitions ("
    " job_id TEXT NOT NULL REFERENCES jobs (id), seq INTEGER NOT NULL, from_status INTEGER NOT NULL,"
    " to_status INTEGER NOT NULL, at INTEGER NOT NULL, reason TEXT NOT NULL,"
    " PRIMARY KEY (job_id, seq)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE versions ("
    " id TEXT PRIMARY KEY, agent_id TEXT NOT NULL REFERENCES agents (id), number INTEGER NOT NULL,"
    " job_id TEXT NOT NULL REFERENCES jobs (id), weights_file TEXT NOT NULL, weights_sha256 TEXT NOT NULL,"
    " weights_bytes INTEGER NOT NULL, created_at INTEGER NOT NULL, UNIQUE (agent_id, number)) STRICT;"
    "CREATE INDEX versions_job ON versions (job_id);"

    "CREATE TABLE history ("
    " job_id TEXT NOT NULL REFERENCES jobs (id), step INTEGER NOT NULL, epoch INTEGER NOT NULL,"
    " row TEXT NOT NULL, created_at INTEGER NOT NULL, PRIMARY KEY (job_id, step, epoch)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE checkpoints ("
    " id TEXT PRIMARY KEY, job_id TEXT NOT NULL REFERENCES jobs (id), file TEXT NOT NULL, bytes INTEGER NOT NULL,"
    " sha256 TEXT NOT NULL, epoch INTEGER NOT NULL, step INTEGER NOT NULL, kind TEXT NOT NULL, metrics TEXT,"
    " created_at INTEGER NOT NULL, UNIQUE (job_id, file)) STRICT;"

    "CREATE TABLE evaluations ("
    " id TEXT PRIMARY KEY, job_id TEXT NOT NULL REFERENCES jobs (id), data_sha256 TEXT, weights_sha256 TEXT,"
    " criteria TEXT, benchmark_job TEXT, overall_score REAL, result TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX evaluations_job ON evaluations (job_id, id);";

static const char step_2[] =
    "CREATE TABLE interactions ("
    " id TEXT PRIMARY KEY, agent_id TEXT NOT NULL REFERENCES agents (id), version_id TEXT, input TEXT NOT NULL, output TEXT,"
    " confidence REAL, alternatives TEXT, abstained INTEGER NOT NULL CHECK (abstained IN (0, 1)),"
    " propensity REAL CHECK (propensity > 0 AND propensity <= 1), explored_by TEXT, latency_ms REAL, created_at INTEGER NOT NULL,"
    " feedback TEXT CHECK (feedback IN ('correct', 'partial', 'incorrect')), rating REAL CHECK (rating BETWEEN 0 AND 1),"
    " expected_output TEXT, feedback_at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX interactions_agent ON interactions (agent_id, id);"
    "CREATE INDEX interactions_time ON interactions (agent_id, created_at);";

/* Tenants, the daemon's queue, datasets and modules, deployments, tokens, idempotency keys, events. */
static const char step_3[] =
    "CREATE TABLE agents_3 ("
    " id TEXT PRIMARY KEY, tenant TEXT NOT NULL CHECK (tenant <> ''), name TEXT NOT NULL CHECK (name <> ''),"
    " description TEXT NOT NULL DEFAULT '', metadata TEXT,"
    " active_version TEXT REFERENCES versions (id) DEFERRABLE INITIALLY DEFERRED,"
    " created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, UNIQUE (tenant, name)) STRICT;"
    "INSERT INTO agents_3 SELECT id, 'default', name, description, NULL, active_version, created_at, updated_at FROM agents;"
    "DROP TABLE agents; ALTER TABLE agents_3 RENAME TO agents;"

    "ALTER TABLE jobs ADD COLUMN tenant TEXT NOT NULL DEFAULT 'default';"
    "ALTER TABLE jobs ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE jobs ADD COLUMN queue INTEGER NOT NULL DEFAULT 0 CHECK (queue BETWEEN 0 AND 2);"
    "ALTER TABLE jobs ADD COLUMN fence INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE jobs ADD COLUMN run_after INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE jobs ADD COLUMN deaths INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE jobs ADD COLUMN cause TEXT;"
    "CREATE INDEX jobs_queue ON jobs (queue, priority DESC, id) WHERE queue > 0;"
    "CREATE INDEX jobs_tenant ON jobs (tenant, id);"
    "CREATE INDEX jobs_data ON jobs (data_sha256); CREATE INDEX jobs_validation ON jobs (validation_sha256);"

    "CREATE TABLE datasets ("
    " id TEXT PRIMARY KEY, tenant TEXT NOT NULL CHECK (tenant <> ''), kind INTEGER NOT NULL CHECK (kind IN (0, 1)), name TEXT NOT NULL,"
    " description TEXT NOT NULL, file TEXT NOT NULL, format TEXT NOT NULL, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL,"
    " examples INTEGER, metadata TEXT, created_at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX datasets_tenant ON datasets (tenant, kind, id); CREATE INDEX datasets_data ON datasets (sha256);"

    "CREATE TABLE deployments ("
    " agent_id TEXT NOT NULL REFERENCES agents (id), seq INTEGER NOT NULL, version_id TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,"
    " PRIMARY KEY (agent_id, seq)) STRICT, WITHOUT ROWID;"
    "INSERT INTO deployments SELECT id, 1, active_version, 'trained', updated_at FROM agents WHERE active_version IS NOT NULL;"

    "CREATE TABLE tokens ("
    " id TEXT PRIMARY KEY, tenant TEXT NOT NULL CHECK (tenant <> ''), scope INTEGER NOT NULL CHECK (scope BETWEEN 0 AND 2),"
    " name TEXT NOT NULL, secret_sha256 TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,"
    " used_at INTEGER NOT NULL, revoked_at INTEGER NOT NULL) STRICT;"

    "CREATE TABLE idempotency ("
    " tenant TEXT NOT NULL, key TEXT NOT NULL, body_sha256 TEXT NOT NULL, status INTEGER NOT NULL, response TEXT NOT NULL,"
    " created_at INTEGER NOT NULL, PRIMARY KEY (tenant, key)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX idempotency_time ON idempotency (created_at);"

    "CREATE TABLE events ("
    " seq INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, job_id TEXT NOT NULL REFERENCES jobs (id), type TEXT NOT NULL,"
    " data TEXT NOT NULL, at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX events_job ON events (job_id, seq);";

/* Comparisons, as they were shown. */
static const char step_4[] =
    "CREATE TABLE comparisons ("
    " id TEXT PRIMARY KEY, tenant TEXT NOT NULL CHECK (tenant <> ''), run_ids TEXT NOT NULL, result TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX comparisons_tenant ON comparisons (tenant, id);";

/* Webhooks with their outbox; who started a job and what its data takes, and what was used a day, for quotas. */
static const char step_5[] =
    "CREATE TABLE webhooks ("
    " id TEXT PRIMARY KEY, tenant TEXT NOT NULL CHECK (tenant <> ''), url TEXT NOT NULL, description TEXT NOT NULL, events TEXT NOT NULL,"
    " secret TEXT NOT NULL, old_secret TEXT, old_until INTEGER NOT NULL, failing_since INTEGER NOT NULL, disabled_at INTEGER NOT NULL,"
    " disabled_reason TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX webhooks_tenant ON webhooks (tenant, id);"

    "CREATE TABLE messages ("
    " id TEXT PRIMARY KEY, tenant TEXT NOT NULL CHECK (tenant <> ''), type TEXT NOT NULL, job_id TEXT, body TEXT NOT NULL,"
    " created_at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX messages_time ON messages (created_at);"

    "CREATE TABLE deliveries ("
    " id TEXT PRIMARY KEY, message_id TEXT NOT NULL REFERENCES messages (id), webhook_id TEXT NOT NULL REFERENCES webhooks (id),"
    " state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 2), attempts INTEGER NOT NULL, due_at INTEGER NOT NULL,"
    " status INTEGER NOT NULL, error TEXT, created_at INTEGER NOT NULL, done_at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX deliveries_due ON deliveries (webhook_id, due_at) WHERE state = 0; CREATE INDEX deliveries_next ON deliveries (due_at) WHERE state = 0;"
    "CREATE INDEX deliveries_webhook ON deliveries (webhook_id, id); CREATE INDEX deliveries_message ON deliveries (message_id);"

    "CREATE TABLE attempts ("
    " delivery_id TEXT NOT NULL REFERENCES deliveries (id), number INTEGER NOT NULL, at INTEGER NOT NULL, duration_ms INTEGER NOT NULL,"
    " status INTEGER NOT NULL, error TEXT, response TEXT, PRIMARY KEY (delivery_id, number)) STRICT, WITHOUT ROWID;"

    "ALTER TABLE jobs ADD COLUMN token_id TEXT; ALTER TABLE jobs ADD COLUMN trace_id TEXT;"
    "ALTER TABLE jobs ADD COLUMN data_bytes INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE jobs ADD COLUMN data_examples INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE datasets ADD COLUMN token_id TEXT;"
    "CREATE TABLE usage ("
    " tenant TEXT NOT NULL, token_id TEXT NOT NULL, day INTEGER NOT NULL, jobs INTEGER NOT NULL,"
    " PRIMARY KEY (tenant, token_id, day)) STRICT, WITHOUT ROWID;";

/* How versions answer, canaries, and what Hone changed by itself. */
static const char step_6[] =
    "ALTER TABLE versions ADD COLUMN settings TEXT;"
    "ALTER TABLE agents ADD COLUMN canary_version TEXT REFERENCES versions (id) DEFERRABLE INITIALLY DEFERRED;"
    "ALTER TABLE agents ADD COLUMN canary_share REAL NOT NULL DEFAULT 0 CHECK (canary_share >= 0 AND canary_share < 1);"
    "CREATE TABLE adaptations ("
    " id TEXT PRIMARY KEY, agent_id TEXT NOT NULL REFERENCES agents (id), version_id TEXT NOT NULL, previous_id TEXT NOT NULL, status TEXT NOT NULL"
    " CHECK (status IN ('canary', 'applied', 'kept', 'rolled back', 'replaced')), proposal TEXT NOT NULL, reason TEXT,"
    " created_at INTEGER NOT NULL, decided_at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX adaptations_agent ON adaptations (agent_id, id);"
    "CREATE UNIQUE INDEX adaptations_one_open ON adaptations (agent_id) WHERE status IN ('canary', 'applied');";

/* Runs of pipelines and sweeps with their steps; trainings whose version does not answer by itself. */
static const char step_7[] =
    "CREATE TABLE pipeline_runs ("
    " id TEXT PRIMARY KEY, tenant TEXT NOT NULL CHECK (tenant <> ''), kind TEXT NOT NULL CHECK (kind IN ('pipeline', 'sweep')), name TEXT NOT NULL,"
    " definition TEXT NOT NULL, local INTEGER NOT NULL CHECK (local IN (0, 1)), status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 4),"
    " cancel INTEGER NOT NULL CHECK (cancel IN (0, 1)), elapsed_ms INTEGER NOT NULL, result TEXT, error_code TEXT, error_text TEXT,"
    " created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, completed_at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX pipeline_runs_tenant ON pipeline_runs (tenant, id); CREATE INDEX pipeline_runs_status ON pipeline_runs (status);"

    "CREATE TABLE pipeline_steps ("
    " run_id TEXT NOT NULL REFERENCES pipeline_runs (id), seq INTEGER NOT NULL, name TEXT NOT NULL, part INTEGER NOT NULL, kind TEXT NOT NULL,"
    " status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 5), attempts INTEGER NOT NULL, job_id TEXT, inputs TEXT, same_as TEXT, result TEXT,"
    " reason TEXT, started_at INTEGER NOT NULL, completed_at INTEGER NOT NULL, PRIMARY KEY (run_id, seq)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX pipeline_steps_inputs ON pipeline_steps (inputs) WHERE inputs IS NOT NULL;"

    "ALTER TABLE jobs ADD COLUMN withheld INTEGER NOT NULL DEFAULT 0 CHECK (withheld IN (0, 1));";

/* Who began a run of a pipeline, for quotas and logs. */
static const char step_8[] = "ALTER TABLE pipeline_runs ADD COLUMN token_id TEXT; ALTER TABLE pipeline_runs ADD COLUMN trace_id TEXT;";

const char *const schema_steps[] = { step_1, step_2, step_3, step_4, step_5, step_6, step_7, step_8 };
const int schema_version = sizeof schema_steps / sizeof schema_steps[0];

static int check_origin(struct store *s, int64_t version, int n, struct hone_err *err)
{
    int64_t application = 0, tables = 0;
    int rc = db_number(s, "PRAGMA application_id", NULL, 0, &application, err);
    if (rc >= 0)
        rc = db_number(s, "SELECT count(*) FROM sqlite_schema", NULL, 0, &tables, err);
    if (rc < 0)
        return rc;
    if (application != SCHEMA_APPLICATION && (application != 0 || version != 0 || tables != 0))
        return hone_fail(err, ERR_CORRUPT, "%s is a database of another program; choose another --state directory",
                         s->path);
    if (version > n)
        return hone_fail(err, ERR_PRECONDITION, "%s was written by a newer version of hone (schema %lld, this one "
                         "knows %d); use that version or another --state directory", s->path, (long long)version, n);
    return 0;
}

/* References are checked once, after all steps: with enforcement on, a step that rebuilds a table would delete rows. */
static int run_steps(struct store *s, const char *const *steps, int from, int n, struct hone_err *err)
{
    char sql[96];
    int64_t broken;
    int rc = 0;
    for (int i = from; i < n && rc == 0; i++)
        rc = db_exec(s, steps[i], err);
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d", SCHEMA_APPLICATION, n);
    if (rc == 0)
        rc = db_exec(s, sql, err);
    if (rc == 0 && (rc = db_number(s, "SELECT count(*) FROM pragma_foreign_key_check", NULL, 0, &broken, err)) > 0)
        rc = broken ? hone_fail(err, ERR_CORRUPT, "%s: %lld rows refer to rows that do not exist", s->path,
                                (long long)broken) : 0;
    return rc < 0 ? err_prefix(err, "%s cannot be brought from schema %d to %d", s->path, from, n), rc : 0;
}

/* With `keep` 0 it is undone at the end. */
static int migrate(struct store *s, const char *const *steps, int n, int keep, int *have, struct hone_err *err)
{
    int64_t version = 0;
    int rc = db_number(s, "PRAGMA user_version", NULL, 0, &version, err);
    *have = (int)version;
    if (rc >= 0)
        rc = check_origin(s, version, n, err);
    if (rc < 0 || version == n)
        return rc < 0 ? rc : 0;
    rc = db_exec(s, "PRAGMA foreign_keys = OFF", err);
    if (rc == 0 && (rc = db_enter(s, err)) == 0) {
        rc = run_steps(s, steps, (int)version, n, err);
        if (keep || rc < 0)
            rc = db_leave(s, rc, err);
        else
            (void)db_leave(s, ERR_CANCELLED, NULL);
    }
    int on = db_exec(s, "PRAGMA foreign_keys = ON", rc == 0 ? err : NULL);
    return rc != 0 ? rc : on;
}

int schema_migrate(struct store *s, const char *const *steps, int n, struct hone_err *err)
{
    int have;
    return migrate(s, steps, n, 1, &have, err);
}

int schema_try(struct store *s, const char *const *steps, int n, int *have, struct hone_err *err)
{
    return migrate(s, steps, n, 0, have, err);
}
