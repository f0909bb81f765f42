/* For sweep.sh: runs a program under the shim and strikes one of its calls, and makes and reads databases of older schemas.
 *   strike run DIR ROOT DEED SKIP PROGRAM ARGUMENT...   DEED: none, full (ENOSPC, sticky), error (EIO, once), kill (half of a write is done).
 *                                                       Prints "CALLS HITS STATUS", STATUS 128 + n after signal n. DIR is for the shim.
 *   strike old STATE N                                  a state directory with schema N and some rows in every table of it
 *   strike rows STATE                                   schema, soundness and a line of what the rows of the first schema are */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "core/store/schema.h"
#include "tests/faults/shimmed.h"

static int run(int argc, char **argv)
{
    struct shim_control *c;
    int status;
    char root[250];
    if (argc < 7)
        return 2;
    snprintf(root, sizeof root, "%.190s/", argv[3]);
    if (!(c = shimmed_begin(argv[2], root)))
        return 99;
    const char *deed = argv[4];
    int kill = strcmp(deed, "kill") == 0, none = strcmp(deed, "none") == 0, full = strcmp(deed, "full") == 0;
    shimmed_arm(c, SHIM_CHANGES, "", kill ? SHIM_KILL_TORN : SHIM_FAIL, full ? ENOSPC : EIO, (int)strtol(argv[5], NULL, 10), none ? 0 : full ? -1 : 1);
    pid_t pid = fork();
    if (pid == 0) {
        execv(argv[6], argv + 6);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return 99;
    printf("%d %d %d\n", c->seen, c->hits, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return 0;
}

/* ---- older schemas ---- */

static const char rows_1[] =
    "INSERT INTO agents (id, name, created_at, updated_at) VALUES ('agent_1', 'support', 1, 2), ('agent_2', 'other', 3, 4);"
    "INSERT INTO jobs (id, agent_id, status, config, data_sha256, epoch, total_epochs, step, total_steps, token_usage, elapsed_ms, attempt, created_at,"
    " started_at, updated_at, completed_at) SELECT 'job_' || value, 'agent_' || (1 + value % 2), 3, '{}', 'aa', 1, 2, 3, 4, 5, 6, 1, 7, 8, 9, 10"
    " FROM json_each('[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]');"
    "INSERT INTO transitions SELECT id, 1, -1, 3, 5, 'was' FROM jobs;"
    "INSERT INTO versions SELECT 'version_' || id, agent_id, rowid, id, 'jobs/' || id || '/w', 'bb', 10, 11 FROM jobs;"
    "UPDATE agents SET active_version = (SELECT min(id) FROM versions v WHERE v.agent_id = agents.id);"
    "INSERT INTO history SELECT id, 1, 1, '{\"loss\":0.5}', 12 FROM jobs;"
    "INSERT INTO checkpoints SELECT 'ckpt_' || id, id, 'checkpoint-1', 5, 'cc', 1, 1, 'interval', NULL, 13 FROM jobs;"
    "INSERT INTO evaluations SELECT 'eval_' || id, id, NULL, 'bb', NULL, NULL, 80.5, '{}', 14 FROM jobs;";

static int old(const char *state, int version)
{
    char path[600], sql[96];
    sqlite3 *db = NULL;
    if (version < 1 || version > schema_version || mkdir(state, 0700) != 0)
        return 2;
    snprintf(path, sizeof path, "%.500s/hone.db", state);
    int rc = sqlite3_open(path, &db);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
    for (int i = 0; i < version && rc == SQLITE_OK; i++) {
        rc = sqlite3_exec(db, schema_steps[i], NULL, NULL, NULL);
        if (i == 0 && rc == SQLITE_OK)
            rc = sqlite3_exec(db, rows_1, NULL, NULL, NULL);
        if (i == 1 && rc == SQLITE_OK)
            rc = sqlite3_exec(db, "INSERT INTO interactions SELECT 'interaction_' || id, agent_id, NULL, 'in', 'out', 0.5, NULL, 0, NULL, NULL, 1, 2, NULL,"
                              " NULL, NULL, 0 FROM jobs", NULL, NULL, NULL);
    }
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d", SCHEMA_APPLICATION, version);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        fprintf(stderr, "%s: %s\n", path, sqlite3_errmsg(db));
    sqlite3_close(db);
    return rc != SQLITE_OK;
}

static void one(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
        printf(" %s", (const char *)sqlite3_column_text(st, 0));
    else
        printf(" (%s)", sqlite3_errmsg(db));
    sqlite3_finalize(st);
}

static int rows(const char *state)
{
    char path[600];
    sqlite3 *db = NULL;
    snprintf(path, sizeof path, "%.500s/hone.db", state);
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        return 1;
    one(db, "PRAGMA user_version");
    one(db, "PRAGMA integrity_check(1)");
    one(db, "SELECT count(*) FROM pragma_foreign_key_check");
    one(db, "SELECT group_concat(id || name || active_version || created_at) FROM (SELECT * FROM agents ORDER BY id)");
    one(db, "SELECT count(*) || ':' || sum(elapsed_ms) || ':' || count(DISTINCT agent_id) FROM jobs");
    one(db, "SELECT (SELECT count(*) FROM transitions) || ':' || (SELECT count(*) FROM versions) || ':' || (SELECT count(*) FROM history) || ':' ||"
            " (SELECT count(*) FROM checkpoints) || ':' || (SELECT sum(overall_score) FROM evaluations)");
    puts("");
    sqlite3_close(db);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "run") == 0)
        return run(argc, argv);
    if (argc == 4 && strcmp(argv[1], "old") == 0)
        return old(argv[2], (int)strtol(argv[3], NULL, 10));
    if (argc == 3 && strcmp(argv[1], "rows") == 0)
        return rows(argv[2]);
    return 2;
}
