/* The books against the rules and the ledger; see ledger.h. It reads a copy, so that the database itself goes through recovery in the
 * daemon alone. The legal edges stand here once more, as docs/state.md has them, since the program's own table may be wrong. */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "core/base/buf.h"
#include "core/base/file.h"
#include "tests/faults/ledger.h"

static const char *const words[] = { "preparing", "running", "paused", "completed", "failed", "cancelled" };
/* [from]: the statuses that may follow, as numbers; preparing again: a daemon died between claiming a job and running it */
static const char *const edges[] = { "01245", "02345", "0145", "", "01", "" };

static int copy_file(const char *from, const char *to)
{
    struct buf b = { 0 };
    struct hone_err err;
    int rc = file_read(from, (size_t)1 << 30, &b, &err);
    FILE *f = rc == 0 ? fopen(to, "we") : NULL;
    int good = f && fwrite(b.p ? b.p : "", 1, b.n, f) == b.n;
    good = f && fclose(f) == 0 && good;
    buf_free(&b);
    return good ? 0 : -1;
}

static sqlite3 *open_copy(const char *state, const char *copy)
{
    char from[600], to[600];
    sqlite3 *db = NULL;
    snprintf(from, sizeof from, "%s/hone.db", state);
    snprintf(to, sizeof to, "%s.db", copy);
    if (copy_file(from, to) != 0)
        return NULL;
    snprintf(from, sizeof from, "%s/hone.db-wal", state);
    snprintf(to, sizeof to, "%s.db-wal", copy);
    unlink(to);
    if (access(from, F_OK) == 0 && copy_file(from, to) != 0)
        return NULL;
    snprintf(to, sizeof to, "%s.db-shm", copy);
    unlink(to);
    snprintf(to, sizeof to, "%s.db", copy);
    return sqlite3_open_v2(to, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK ? db : (sqlite3_close(db), (sqlite3 *)NULL);
}

/* The first column of the first row as a text in out; "" without a row. */
static void query(sqlite3 *db, const char *sql, const char *arg, char *out, size_t size)
{
    sqlite3_stmt *st = NULL;
    out[0] = '\0';
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK) {
        snprintf(out, size, "error: %s", sqlite3_errmsg(db));
        return;
    }
    if (arg)
        sqlite3_bind_text(st, 1, arg, -1, SQLITE_STATIC);
    if (sqlite3_step(st) == SQLITE_ROW && sqlite3_column_text(st, 0))
        snprintf(out, size, "%s", (const char *)sqlite3_column_text(st, 0));
    sqlite3_finalize(st);
}

/* I3: the recorded steps of every job are legal and end at its status. */
static void hold_transitions(struct ledger *l, sqlite3 *db)
{
    sqlite3_stmt *st = NULL;
    char job[64] = "";
    int at = -1, final = -1, good = 1, steps = 0;
    int rc = sqlite3_prepare_v2(db, "SELECT t.job_id, t.from_status, t.to_status, j.status FROM transitions t JOIN jobs j ON j.id = t.job_id"
                                " ORDER BY t.job_id, t.seq", -1, &st, NULL);
    ledger_check(l, rc == SQLITE_OK, "transitions cannot be read: %s", sqlite3_errmsg(db));
    while (rc == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW) {
        const char *id = (const char *)sqlite3_column_text(st, 0);
        int from = sqlite3_column_int(st, 1), to = sqlite3_column_int(st, 2);
        if (strcmp(id, job) != 0) {
            good &= at == final;
            snprintf(job, sizeof job, "%s", id);
            at = -1;
        }
        good &= from == at && to >= 0 && to <= 5 && (from < 0 ? to == 0 : strchr(edges[from], '0' + to) != NULL);
        at = to;
        final = sqlite3_column_int(st, 3);
        steps++;
        if (!good)
            break;
    }
    sqlite3_finalize(st);
    ledger_check(l, good && at == final, "job %s went from %d to %d against the rules, or its steps do not end at its status", job, at, final);
}

/* I1, I2, I4: each acknowledged job is there, once, as its end was seen. */
static void hold_jobs(struct ledger *l, sqlite3 *db)
{
    char text[256], count[32];
    for (size_t i = 0; i < l->jobs; i++) {
        const struct ledger_job *j = &l->job[i];
        query(db, "SELECT status FROM jobs WHERE id = ?1", j->id, text, sizeof text);
        int status = *text >= '0' && *text <= '5' ? *text - '0' : -1;
        ledger_check(l, status >= 0, "job %s was acknowledged and is not in the books (%s)", j->id, text);
        if (status >= 0 && *j->status)
            ledger_check(l, strcmp(words[status], j->status) == 0, "job %s was %s and is %s", j->id, j->status, words[status]);
        if (j->cancelled)
            ledger_check(l, status == 5, "job %s was cancelled and is %d", j->id, status);
        query(db, "SELECT count(*) FROM events WHERE job_id = ?1 AND type = 'status' AND data LIKE '%\"status\":\"completed\"%'", j->id, count,
              sizeof count);
        ledger_check(l, strcmp(count, status == 3 ? "1" : "0") == 0, "job %s with status %d has %s events of completion", j->id, status, count);
    }
    snprintf(count, sizeof count, "%zu", l->jobs);
    query(db, "SELECT count(*) FROM jobs", NULL, text, sizeof text);
    ledger_check(l, strcmp(text, count) == 0, "%s jobs are in the books, %s were acknowledged", text, count);
}

static void hold_interactions(struct ledger *l, sqlite3 *db)
{
    char text[256];
    for (size_t i = 0; i < l->interactions; i++) {
        const struct ledger_interaction *a = &l->interaction[i];
        query(db, "SELECT coalesce(feedback, '') || '.' FROM interactions WHERE id = ?1", a->id, text, sizeof text);
        char want[24];
        snprintf(want, sizeof want, "%s.", a->feedback);
        ledger_check(l, *a->feedback ? strcmp(text, want) == 0 : *text != '\0', "interaction %s with feedback '%s' is '%s' in the books", a->id,
                     a->feedback, text);
    }
}

void ledger_has_jobs(struct ledger *l, const char *state, size_t n)
{
    char path[600], text[64];
    sqlite3 *db = NULL;
    snprintf(path, sizeof path, "%s/hone.db", state);
    if (!ledger_check(l, sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK, "%s cannot be opened", path))
        n = 0;
    for (size_t i = 0; i < n; i++) {
        pthread_mutex_lock(&l->lock);
        const struct ledger_job j = l->job[i];
        pthread_mutex_unlock(&l->lock);
        query(db, "SELECT 'there' FROM jobs WHERE id = ?1", j.id, text, sizeof text);
        ledger_check(l, strcmp(text, "there") == 0, "job %s was acknowledged before the backup, which lacks it (%s)", j.id, text);
    }
    sqlite3_close(db);
}

/* I8: nothing half-written, nothing that no row names, once a daemon has started and ended. */
static void hold_files(struct ledger *l, const char *state)
{
    char command[700], line[300] = "";
    snprintf(command, sizeof command, "cd '%s' && find . -name '*.part' -o -name '.new.*' -o -name '*.jsonl.*' -o -name '*.tmp' | head -n 1", state);
    FILE *f = popen(command, "re");
    ledger_check(l, f && !fgets(line, sizeof line, f), "something half-written is left: %s", line);
    if (f)
        pclose(f);
}

void ledger_hold(struct ledger *l, const char *state, const char *copy, int all)
{
    char text[256];
    sqlite3 *db = open_copy(state, copy);
    if (!ledger_check(l, db != NULL, "the database of %s cannot be copied and opened", state))
        return;
    query(db, "PRAGMA integrity_check", NULL, text, sizeof text);
    ledger_check(l, strcmp(text, "ok") == 0, "integrity_check: %s", text);
    query(db, "SELECT count(*) FROM pragma_foreign_key_check", NULL, text, sizeof text);
    ledger_check(l, strcmp(text, "0") == 0, "%s rows refer to what does not exist", text);
    hold_transitions(l, db);
    if (all) {
        hold_files(l, state);
        hold_jobs(l, db);
        hold_interactions(l, db);
    }
    sqlite3_close(db);
}
