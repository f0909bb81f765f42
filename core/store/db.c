/* See db.h. */
#include "core/store/db.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/json.h"

/* After a sync that failed, the system may have dropped what was to be written, and says "good" the next time: nothing that this process
 * has in memory of the file may be trusted to be on the disk, and it is not synced again. */
static int db_lose(struct store *s, int sys, struct hone_err *err)
{
    s->lost = 1;
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return hone_fail(err, HONE_EIO, "%s could not be synced (%s): nothing more is done with it by this process; look after the disk, then start "
                     "again, which keeps all that was acknowledged", s->path, sys ? strerror(sys) : "no cause given");
}

int db_fault(struct store *s, struct hone_err *err)
{
    int last = errno, rc = sqlite3_extended_errcode(s->db), sys = sqlite3_system_errno(s->db), kind = rc & 0xff;
    int unsynced = rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC;
    if (sys == 0 && (rc == SQLITE_IOERR_WRITE || (unsynced && (last == EIO || last == ENOSPC || last == EDQUOT || last == EROFS))))
        sys = last; /* of a commit SQLite does not keep it; behind a sync it may be of another call */
    s->failing |= kind == SQLITE_FULL || kind == SQLITE_IOERR || kind == SQLITE_READONLY || kind == SQLITE_CANTOPEN;
    if (unsynced)
        return db_lose(s, sys, err);
    switch (kind) {
    case SQLITE_NOMEM:
        return hone_fail(err, HONE_ENOMEM, "%s: memory ran out", s->path);
    case SQLITE_FULL:
        return hone_fail(err, ERR_FULL, "%s: the disk is full, so nothing was saved; free some space and try again",
                         s->path);
    case SQLITE_IOERR:
        if (sys == ENOSPC || sys == EDQUOT || sys == EFBIG)
            return hone_fail(err, ERR_FULL, "%s: nothing was saved, the disk is full or a limit was reached (%s); free "
                             "some space and try again", s->path, strerror(sys));
        return hone_fail(err, HONE_EIO, "%s: %s (%s)", s->path, sqlite3_errmsg(s->db),
                         sys ? strerror(sys) : "no cause given");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return hone_fail(err, ERR_CONFLICT, "%s is held open by another program, such as a database browser; close it "
                         "and try again", s->path);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return hone_fail(err, ERR_CORRUPT, "%s is damaged or is not a database (%s); restore a copy or choose another "
                         "--state directory", s->path, sqlite3_errmsg(s->db));
    case SQLITE_CONSTRAINT:
        if (rc == SQLITE_CONSTRAINT_FOREIGNKEY)
            return hone_fail(err, ERR_NOT_FOUND, "%s: the job or agent that this belongs to does not exist (any more)",
                             s->path);
        return hone_fail(err, ERR_CONFLICT, "%s: %s", s->path, sqlite3_errmsg(s->db));
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return hone_fail(err, HONE_EIO, "%s cannot be written: %s%s%s", s->path, sqlite3_errmsg(s->db), sys ? ": " : "",
                         sys ? strerror(sys) : "");
    default:
        return hone_fail(err, HONE_EIO, "%s: %s", s->path, sqlite3_errmsg(s->db));
    }
}

static int refuse_lost(const struct store *s, struct hone_err *err)
{
    return hone_fail(err, HONE_EIO, "%s: a sync failed, so nothing more is done with it by this process; look after the disk and start again", s->path);
}

/* SQLite ends a transaction by itself after some faults; what follows must not slip out of it. */
static int still_open(struct store *s, struct hone_err *err)
{
    if (s->lost)
        return refuse_lost(s, err);
    if ((s->open || s->parts > 0) && sqlite3_get_autocommit(s->db))
        return hone_fail(err, HONE_EIO, "%s: the transaction was given up after an earlier fault", s->path);
    return 0;
}

int db_exec(struct store *s, const char *sql, struct hone_err *err)
{
    if (s->lost && strncmp(sql, "ROLLBACK", 8) != 0)
        return refuse_lost(s, err);
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : db_fault(s, err);
}

static int bind(sqlite3_stmt *st, int at, enum db_type type, const char *text, int64_t number, double real)
{
    switch (type) {
    case DB_TEXT:
        return text ? sqlite3_bind_text(st, at, text, -1, SQLITE_TRANSIENT) : sqlite3_bind_null(st, at);
    case DB_INT:
        return sqlite3_bind_int64(st, at, number);
    default:
        return sqlite3_bind_double(st, at, real);
    }
}

static int prepare(struct store *s, const char *sql, const struct db_arg *args, size_t n, sqlite3_stmt **st,
                   struct hone_err *err)
{
    *st = NULL;
    int rc = still_open(s, err);
    if (rc != 0)
        return rc;
    if (!sql)
        return hone_fail(err, HONE_ENOMEM, "memory ran out while a statement was made");
    if (!(*st = db_take(s, sql, err)))
        return err->code;
    for (size_t i = 0; i < n && rc == SQLITE_OK; i++)
        rc = bind(*st, (int)i + 1, args[i].type, args[i].text, args[i].number, args[i].real);
    if (rc == SQLITE_OK)
        return 0;
    rc = db_fault(s, err);
    db_give(s, *st);
    *st = NULL;
    return rc;
}

int64_t db_run(struct store *s, const char *sql, const struct db_arg *args, size_t n, struct hone_err *err)
{
    sqlite3_stmt *st;
    int64_t rc = prepare(s, sql, args, n, &st, err);
    if (rc == 0)
        rc = sqlite3_step(st) == SQLITE_DONE ? sqlite3_changes64(s->db) : db_fault(s, err);
    db_give(s, st);
    return rc;
}

int db_number(struct store *s, const char *sql, const struct db_arg *args, size_t n, int64_t *out,
              struct hone_err *err)
{
    sqlite3_stmt *st;
    int rc = prepare(s, sql, args, n, &st, err);
    if (rc == 0) {
        int step = sqlite3_step(st);
        if (step == SQLITE_ROW)
            *out = sqlite3_column_int64(st, 0);
        rc = step == SQLITE_ROW ? 1 : step == SQLITE_DONE ? 0 : db_fault(s, err);
    }
    db_give(s, st);
    return rc;
}

static void put_columns(struct buf *b, const struct db_table *t)
{
    for (size_t i = 0; i < t->n_cols; i++)
        buf_printf(b, "%s%s", i ? ", " : "", t->cols[i].name);
}

static int bind_row(sqlite3_stmt *st, const struct db_table *t, const void *row)
{
    int rc = SQLITE_OK;
    for (size_t i = 0; i < t->n_cols && rc == SQLITE_OK; i++) {
        const void *field = (const char *)row + t->cols[i].offset;
        enum db_type type = t->cols[i].type;
        rc = bind(st, (int)i + 1, type, type == DB_TEXT ? *(char *const *)field : NULL,
                  type == DB_INT ? *(const int64_t *)field : 0, type == DB_REAL ? *(const double *)field : 0);
    }
    return rc;
}

int db_insert(struct store *s, const char *verb, const struct db_table *t, const void *row, struct hone_err *err)
{
    struct buf sql = { 0 };
    buf_printf(&sql, "%s INTO %s (", verb, t->name);
    put_columns(&sql, t);
    buf_puts(&sql, ") VALUES (");
    for (size_t i = 0; i < t->n_cols; i++)
        buf_puts(&sql, i ? ", ?" : "?");
    buf_putc(&sql, ')');
    sqlite3_stmt *st;
    int rc = prepare(s, buf_str(&sql), NULL, 0, &st, err);
    if (rc == 0 && (bind_row(st, t, row) != SQLITE_OK || sqlite3_step(st) != SQLITE_DONE))
        rc = db_fault(s, err);
    db_give(s, st);
    buf_free(&sql);
    return rc;
}

/* Copies the present row of st into a struct; -1 when memory ran out, with the struct freed. */
static int load(sqlite3_stmt *st, const struct db_table *t, void *row)
{
    memset(row, 0, t->row_size);
    for (size_t i = 0; i < t->n_cols; i++) {
        void *field = (char *)row + t->cols[i].offset;
        int at = (int)i, null = sqlite3_column_type(st, at) == SQLITE_NULL;
        if (t->cols[i].type == DB_INT) {
            *(int64_t *)field = sqlite3_column_int64(st, at);
        } else if (t->cols[i].type == DB_REAL) {
            *(double *)field = null ? NAN : sqlite3_column_double(st, at);
        } else if (!null) {
            const unsigned char *text = sqlite3_column_text(st, at);
            if (!text || !(*(char **)field = strdup((const char *)text))) {
                db_row_free(t, row);
                return -1;
            }
        }
    }
    return 0;
}

/* Makes room for one more row. */
static void *one_more(const struct db_table *t, void **rows, size_t n)
{
    if (n == 0 || (n >= 8 && (n & (n - 1)) == 0)) {
        void *more = reallocarray(*rows, n ? 2 * n : 8, t->row_size);
        if (!more)
            return NULL;
        *rows = more;
    }
    return (char *)*rows + n * t->row_size;
}

int db_rows(struct store *s, const struct db_table *t, const char *tail, const struct db_arg *args, size_t n,
            void **rows, size_t *n_rows, struct hone_err *err)
{
    struct buf sql = { 0 };
    sqlite3_stmt *st;
    void *row;
    int step = SQLITE_DONE;
    *rows = NULL;
    *n_rows = 0;
    buf_puts(&sql, "SELECT ");
    put_columns(&sql, t);
    buf_printf(&sql, " FROM %s %s", t->name, tail);
    int rc = prepare(s, buf_str(&sql), args, n, &st, err);
    while (rc == 0 && (step = sqlite3_step(st)) == SQLITE_ROW) {
        if (!(row = one_more(t, rows, *n_rows)) || load(st, t, row) != 0)
            rc = hone_fail(err, HONE_ENOMEM, "memory ran out while rows of %s were read", t->name);
        else
            ++*n_rows;
    }
    if (rc == 0 && step != SQLITE_DONE)
        rc = db_fault(s, err);
    db_give(s, st);
    buf_free(&sql);
    if (rc != 0) {
        db_rows_free(t, *rows, *n_rows);
        *rows = NULL;
        *n_rows = 0;
    }
    return rc;
}

int db_row(struct store *s, const struct db_table *t, const char *tail, const struct db_arg *args, size_t n, void *row,
           struct hone_err *err)
{
    void *rows;
    size_t n_rows;
    memset(row, 0, t->row_size);
    int rc = db_rows(s, t, tail, args, n, &rows, &n_rows, err);
    if (rc != 0)
        return rc;
    for (size_t i = 1; i < n_rows; i++)
        db_row_free(t, (char *)rows + i * t->row_size);
    if (n_rows > 0)
        memcpy(row, rows, t->row_size);
    free(rows);
    return n_rows > 0;
}

void db_row_free(const struct db_table *t, void *row)
{
    for (size_t i = 0; i < t->n_cols; i++) {
        if (t->cols[i].type == DB_TEXT)
            free(*(char **)((char *)row + t->cols[i].offset));
    }
    memset(row, 0, t->row_size);
}

void db_rows_free(const struct db_table *t, void *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        db_row_free(t, (char *)rows + i * t->row_size);
    free(rows);
}

int db_commit(struct store *s, struct hone_err *err)
{
    if (json_lost())
        return hone_fail(err, HONE_ENOMEM, "%s: memory ran out for what was to be written; nothing was", s->path);
    return db_exec(s, "COMMIT", err);
}

int db_enter(struct store *s, struct hone_err *err)
{
    int rc = still_open(s, err);
    if (rc == 0)
        rc = db_exec(s, s->open || s->parts > 0 ? "SAVEPOINT part" : "BEGIN IMMEDIATE", err);
    s->parts += rc == 0;
    return rc;
}

int db_leave(struct store *s, int rc, struct hone_err *err)
{
    int inner = s->open || s->parts > 1, kept = still_open(s, rc >= 0 ? err : NULL);
    s->parts--;
    if (rc >= 0) {
        if (kept == 0)
            kept = inner ? db_exec(s, "RELEASE part", err) : db_commit(s, err);
        if (kept == 0)
            return rc;
        rc = kept;
    }
    if (!sqlite3_get_autocommit(s->db))
        (void)db_exec(s, inner ? "ROLLBACK TO part; RELEASE part" : "ROLLBACK", NULL);
    return rc;
}

int db_new_id(const char *prefix, char **id, struct hone_err *err)
{
    char text[64];
    if (*id)
        return 0;
    id_new(prefix, text, sizeof text);
    *id = strdup(text);
    return *id ? 0 : hone_fail(err, HONE_ENOMEM, "memory ran out while an id was made");
}

int64_t db_limit(int64_t limit)
{
    return limit > 0 ? limit : -1;
}
