/* What the entity files share: rows described by column tables, statements with bound arguments, SQLite's errors as
 * sentences. Private to core/store. */
#ifndef STORE_DB_H
#define STORE_DB_H
#include <stddef.h>
#include <sqlite3.h>
#include "core/store/store.h"

struct store {
    sqlite3 *db;
    char *dir;
    char *path;    /* of the database */
    int lock_fd;
    int open;      /* store_begin() was called and neither commit nor rollback since */
    int depth;     /* of store_begin() within store_begin() */
    int parts;     /* of db_enter() within db_enter() */
    char tenant[STORE_TENANT_MAX + 1]; /* "": everybody's rows */
    struct db_kept *kept;              /* statements that are prepared; see db_keep.c */
    int64_t events;                    /* rows added to events so far, also by what was undone */
    int failing, lost;                 /* see store_failing(), store_lost() */
    int64_t deliveries;                /* the same of deliveries */
};

/* For WHERE clauses of tables that have a tenant: whether the row is of the tenant that store_act_as() named. This is the only place
 * that knows; every look-up and every list of such a table says it. */
#define MINE " hone_mine(tenant) "

extern int store_lock_wait_ms; /* for tests */

enum db_type { DB_TEXT, DB_INT, DB_REAL }; /* char *, int64_t, double (NULL in the database is NaN) */

struct db_col {
    const char *name;
    enum db_type type;
    size_t offset; /* in the row struct */
};

struct db_table {
    const char *name;
    const struct db_col *cols;
    size_t n_cols, row_size;
};

/* An argument of a statement, for ?1, ?2, ... */
struct db_arg {
    enum db_type type;
    const char *text; /* NULL is SQL's NULL */
    int64_t number;
    double real;
};
#define DB_T(v) { .type = DB_TEXT, .text = (v) }
#define DB_I(v) { .type = DB_INT, .number = (v) }
#define DB_R(v) { .type = DB_REAL, .real = (v) }
#define DB_ARGS(...) \
    (const struct db_arg[]){ __VA_ARGS__ }, sizeof((const struct db_arg[]){ __VA_ARGS__ }) / sizeof(struct db_arg)

/* Prepared statements are kept by their text: take one, reset and ready to bind, or NULL with err; give it back with db_give(). */
sqlite3_stmt *db_take(struct store *s, const char *sql, struct hone_err *err);
void db_give(struct store *s, sqlite3_stmt *st);
void db_keep_free(struct store *s);
/* Makes hone_mine() known to the connection. */
int db_tenants(struct store *s, struct hone_err *err);
/* The tenant for a new row: that of store_act_as(), else "default". Borrowed. */
const char *db_tenant(const struct store *s);

/* Fills err from SQLite's last error on s; returns its code. */
int db_fault(struct store *s, struct hone_err *err);
/* Runs constant SQL without arguments and results. */
int db_exec(struct store *s, const char *sql, struct hone_err *err);
/* Keeps the transaction, unless memory ran out for a tree that was put together in it (json_lost()): HONE_ENOMEM; it is then still open. */
int db_commit(struct store *s, struct hone_err *err);
/* Runs one statement; returns the number of changed rows, or a negative code. */
int64_t db_run(struct store *s, const char *sql, const struct db_arg *args, size_t n, struct hone_err *err);
/* The first column of the first row as a number: 1 with *out, 0 without a row, or a negative code. */
int db_number(struct store *s, const char *sql, const struct db_arg *args, size_t n, int64_t *out,
              struct hone_err *err);
/* INSERT of every column of a row; `verb` is "INSERT" or "INSERT OR REPLACE". */
int db_insert(struct store *s, const char *verb, const struct db_table *t, const void *row, struct hone_err *err);
/* "SELECT columns FROM table " + tail. Rows in *rows (free with db_rows_free()). On failure none. */
int db_rows(struct store *s, const struct db_table *t, const char *tail, const struct db_arg *args, size_t n,
            void **rows, size_t *n_rows, struct hone_err *err);
/* The same for one row into a struct: 1, 0 with *row zeroed, or a negative code with *row zeroed. */
int db_row(struct store *s, const struct db_table *t, const char *tail, const struct db_arg *args, size_t n, void *row,
           struct hone_err *err);
void db_row_free(const struct db_table *t, void *row); /* zeroes it */
void db_rows_free(const struct db_table *t, void *rows, size_t n);

/* Several statements as one: a transaction, or a savepoint inside of the caller's. db_leave() keeps them when rc >= 0
 * and returns rc, or the failure to keep them; else it undoes them and returns rc with err untouched. */
int db_enter(struct store *s, struct hone_err *err);
int db_leave(struct store *s, int rc, struct hone_err *err);

/* Sets *id to a new id where it is NULL. */
int db_new_id(const char *prefix, char **id, struct hone_err *err);
/* LIMIT wants -1 for all. */
int64_t db_limit(int64_t limit);

#endif
