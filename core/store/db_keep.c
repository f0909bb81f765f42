/* Statements that stay prepared, found again by their text, and the function of SQL that tells whose row it is. See db.h. */
#include "core/store/db.h"

#include <stdlib.h>
#include <string.h>

#define KEPT 128

struct kept {
    char *sql;
    sqlite3_stmt *st;
    int busy;          /* in use further up the stack */
    int64_t used;      /* when, by our own count */
};

struct db_kept {
    struct kept v[KEPT];
    int n;
    int64_t clock;
};

static int same(const struct kept *k, const char *sql, size_t n)
{
    return strncmp(k->sql, sql, n) == 0 && k->sql[n] == '\0';
}

/* A place for one more: a free one, else the one that was not used for the longest time; NULL when all are busy. */
static struct kept *place(struct db_kept *c)
{
    struct kept *oldest = NULL;
    if (c->n < KEPT)
        return &c->v[c->n++];
    for (int i = 0; i < KEPT; i++) {
        if (!c->v[i].busy && (!oldest || c->v[i].used < oldest->used))
            oldest = &c->v[i];
    }
    if (oldest) {
        sqlite3_finalize(oldest->st);
        free(oldest->sql);
        *oldest = (struct kept){ 0 };
    }
    return oldest;
}

sqlite3_stmt *db_take(struct store *s, const char *sql, struct hone_err *err)
{
    size_t n = strlen(sql);
    struct db_kept *c = s->kept ? s->kept : (s->kept = calloc(1, sizeof *s->kept));
    sqlite3_stmt *st = NULL;
    for (int i = 0; c && i < c->n; i++) {
        struct kept *k = &c->v[i];
        if (!k->busy && k->st && same(k, sql, n)) {
            k->busy = 1;
            k->used = ++c->clock;
            return k->st;
        }
    }
    if (sqlite3_prepare_v3(s->db, sql, (int)n, SQLITE_PREPARE_PERSISTENT, &st, NULL) != SQLITE_OK) {
        db_fault(s, err);
        sqlite3_finalize(st);
        return NULL;
    }
    struct kept *k = c ? place(c) : NULL;
    char *copy = k ? strdup(sql) : NULL;
    if (k && copy)
        *k = (struct kept){ .sql = copy, .st = st, .busy = 1, .used = ++c->clock };
    else if (k)
        *k = (struct kept){ .sql = strdup("") };
    return st;
}

void db_give(struct store *s, sqlite3_stmt *st)
{
    if (!st)
        return;
    for (int i = 0; s->kept && i < s->kept->n; i++) {
        struct kept *k = &s->kept->v[i];
        if (k->st == st) {
            sqlite3_reset(st);
            sqlite3_clear_bindings(st);
            k->busy = 0;
            return;
        }
    }
    sqlite3_finalize(st);
}

void db_keep_free(struct store *s)
{
    for (int i = 0; s->kept && i < s->kept->n; i++) {
        sqlite3_finalize(s->kept->v[i].st);
        free(s->kept->v[i].sql);
    }
    free(s->kept);
    s->kept = NULL;
}

static void mine(sqlite3_context *context, int n, sqlite3_value **v)
{
    const struct store *s = sqlite3_user_data(context);
    const char *tenant = n == 1 ? (const char *)sqlite3_value_text(v[0]) : NULL;
    sqlite3_result_int(context, !s->tenant[0] || (tenant && strcmp(tenant, s->tenant) == 0));
}

int db_tenants(struct store *s, struct hone_err *err)
{
    int rc = sqlite3_create_function_v2(s->db, "hone_mine", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY, s, mine, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : db_fault(s, err);
}

const char *db_tenant(const struct store *s)
{
    return s->tenant[0] ? s->tenant : STORE_TENANT;
}
