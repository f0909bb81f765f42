#include "tests/faults/kept.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "core/base/file.h"
#include "core/store/inventory.h"
#include "core/store/store.h"

/* The hash of a file; of one that was seen before, and is as it was, without reading it. */
static int hash(const char *path, char hex[65], struct hone_err *err)
{
    static struct seen { struct stat st; char hex[65]; } seen[1024];
    struct stat st;
    if (stat(path, &st) != 0)
        return err_errno(err, "open", path);
    struct seen *one = &seen[st.st_ino % 1024];
    if (one->st.st_ino != st.st_ino || one->st.st_dev != st.st_dev || one->st.st_size != st.st_size ||
        one->st.st_mtim.tv_sec != st.st_mtim.tv_sec || one->st.st_mtim.tv_nsec != st.st_mtim.tv_nsec) {
        int rc = file_sha256(path, one->hex, err);
        if (rc != 0)
            return rc;
        one->st = st;
    }
    memcpy(hex, one->hex, 65);
    return 0;
}

/* Every file that a row names is there, as it was written. */
static int check_files(struct store *s, const char *state, char *why, size_t size)
{
    struct inventory list;
    struct hone_err err = { 0 };
    int rc = inventory_list(s, &list, &err);
    for (size_t i = 0; i < list.n && rc == 0; i++) {
        char path[700], have[65];
        snprintf(path, sizeof path, "%s/%s", state, list.v[i].path);
        rc = hash(path, have, &err);
        if (rc == 0 && strcmp(have, list.v[i].sha256) != 0)
            rc = hone_fail(&err, ERR_CORRUPT, "%s (%s) is damaged", list.v[i].path, list.v[i].what);
    }
    inventory_free(&list);
    if (rc != 0)
        snprintf(why, size, "%s", err.text);
    return rc;
}

/* What each kind of line asks for; it must give 1. */
static const struct {
    const char *word, *sql;
} promises[] = {
    { "token", "SELECT count(*) > 0 FROM tokens" },
    { "agent", "SELECT count(*) FROM agents WHERE id = ?1" },
    { "job", "SELECT count(*) FROM jobs WHERE id = ?1" },
    { "ended", "SELECT count(*) FROM jobs WHERE id = ?1 AND status = CASE ?2 WHEN 'completed' THEN 3 WHEN 'failed' THEN 4 ELSE 5 END" },
    { "module", "SELECT 1" }, /* it is removed later; its file is looked for as long as there is a row */
    { "gone", "SELECT count(*) = 0 FROM datasets WHERE id = ?1" },
    { "interaction", "SELECT count(*) FROM interactions WHERE id = ?1" },
    { "rated", "SELECT count(*) FROM interactions WHERE id = ?1 AND feedback = 'correct'" },
    { "asked", "SELECT count(*) FROM jobs WHERE id = ?1" },
};
#define PROMISES (sizeof promises / sizeof promises[0])

static int check_line(sqlite3_stmt *const *st, const char *line, char *why, size_t size)
{
    char word[32] = "", id[80] = "", more[32] = "";
    size_t i = 0;
    sscanf(line, "%31s %79s %31s", word, id, more);
    while (i < PROMISES && strcmp(promises[i].word, word) != 0)
        i++;
    if (i == PROMISES)
        return snprintf(why, size, "what does '%s' promise?", line), -1;
    sqlite3_reset(st[i]);
    sqlite3_bind_text(st[i], 1, id, -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(st[i], 2, more, -1, SQLITE_TRANSIENT);
    if (sqlite3_step(st[i]) == SQLITE_ROW && sqlite3_column_int(st[i], 0) == 1)
        return 0;
    return snprintf(why, size, "acknowledged, and not there: %s", line), -1;
}

static int check_lines(const char *state, const char *const *line, int n, char *why, size_t size)
{
    char path[700];
    sqlite3 *db = NULL;
    sqlite3_stmt *st[PROMISES] = { 0 };
    snprintf(path, sizeof path, "%s/hone.db", state);
    int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK ? 0 : -1;
    for (size_t i = 0; i < PROMISES && rc == 0; i++)
        rc = sqlite3_prepare_v2(db, promises[i].sql, -1, &st[i], NULL) == SQLITE_OK ? 0 : -1;
    if (rc != 0)
        snprintf(why, size, "%s: %s", path, sqlite3_errmsg(db));
    for (int i = 0; i < n && rc == 0; i++)
        rc = check_line(st, line[i], why, size);
    for (size_t i = 0; i < PROMISES; i++)
        sqlite3_finalize(st[i]);
    sqlite3_close(db);
    return rc;
}

int kept_check(const char *dir, const char *const *line, int n, char *why, size_t size)
{
    char state[600];
    struct hone_err err = { 0 };
    snprintf(state, sizeof state, "%s/state", dir);
    struct store *s = store_open_existing(state, &err);
    if (!s && err.code == ERR_NOT_FOUND && n == 0)
        return 0; /* nothing was promised yet */
    int rc = s ? store_check(s, &err) : err.code;
    if (rc != 0)
        snprintf(why, size, "%s", err.text);
    else
        rc = check_files(s, state, why, size);
    store_close(s);
    return rc != 0 ? -1 : n > 0 ? check_lines(state, line, n, why, size) : 0;
}
