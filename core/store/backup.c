/* See backup.h. */
#include "core/store/backup.h"

#include <stdlib.h>
#include <string.h>
#include "core/store/db.h"

#define PAGES 256 /* of a piece: a few milliseconds */

struct store_backup {
    struct store *from;
    struct store to;         /* only its path and connection */
    sqlite3_backup *copy;
    int done;
};

struct store_backup *store_backup_begin(struct store *s, const char *path, struct hone_err *err)
{
    struct store_backup *b = calloc(1, sizeof *b);
    if (!b || !(b->to.path = strdup(path))) {
        free(b);
        hone_fail(err, HONE_ENOMEM, "memory ran out");
        return NULL;
    }
    b->from = s;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW;
    if (sqlite3_open_v2(path, &b->to.db, flags, NULL) != SQLITE_OK)
        b->to.db ? (void)db_fault(&b->to, err) : (void)hone_fail(err, HONE_ENOMEM, "memory ran out");
    else if (!(b->copy = sqlite3_backup_init(b->to.db, "main", s->db, "main")))
        db_fault(&b->to, err);
    else
        return b;
    (void)store_backup_end(b, NULL);
    return NULL;
}

int store_backup_step(struct store_backup *b, struct hone_err *err)
{
    int rc = sqlite3_backup_step(b->copy, PAGES);
    b->done = rc == SQLITE_DONE;
    if (rc == SQLITE_OK || rc == SQLITE_DONE)
        return rc == SQLITE_OK;
    return sqlite3_errcode(b->from->db) != SQLITE_OK ? db_fault(b->from, err)
                                                     : hone_fail(err, (rc & 0xff) == SQLITE_FULL ? ERR_FULL : HONE_EIO, "%s: %s", b->to.path, sqlite3_errstr(rc));
}

void store_backup_release(struct store_backup *b)
{
    if (sqlite3_backup_finish(b->copy) != SQLITE_OK)
        b->done = 0;
    b->copy = NULL;
}

int store_backup_end(struct store_backup *b, struct hone_err *err)
{
    if (!b)
        return 0;
    int ret = b->done ? 0 : hone_fail(err, HONE_EIO, "%s: the copy was not done", b->to.path);
    if (ret == 0)
        ret = store_check(&b->to, err);
    db_keep_free(&b->to);
    if (sqlite3_close(b->to.db) != SQLITE_OK && ret == 0)
        ret = hone_fail(err, HONE_EIO, "%s could not be closed", b->to.path);
    free(b->to.path);
    free(b);
    return ret;
}
