/* A copy of the database while it is in use, piece by piece (SQLite's online backup). What is written between two pieces is in the copy,
 * so that it is the database as it was when the last piece was made. */
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H
#include "core/store/store.h"

struct store_backup;

/* Begins a copy to a new file. NULL with err; then there is no file. */
struct store_backup *store_backup_begin(struct store *s, const char *path, struct hone_err *err);
/* Copies some more, with nobody else using the store: 1 there is more, 0 that was all, or a negative code. */
int store_backup_step(struct store_backup *b, struct hone_err *err);
/* Lets go of the store, with nobody else using it. */
void store_backup_release(struct store_backup *b);
/* Ends it, done or not, after it let go of the store; NULL is fine. 0 when it was done and the copy is sound and closed. */
int store_backup_end(struct store_backup *b, struct hone_err *err);

#endif
