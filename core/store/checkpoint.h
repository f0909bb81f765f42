/* Checkpoints of jobs: files that are durable, with their hash. A file that has no row here is never loaded. */
#ifndef STORE_CHECKPOINT_H
#define STORE_CHECKPOINT_H
#include <stddef.h>
#include "core/store/store.h"

struct checkpoint_row {
    char *id;              /* ckpt_... */
    char *job_id;
    char *file;            /* name inside of the job's directory */
    int64_t bytes;
    char *sha256;
    int64_t epoch, step;
    char *kind;            /* "interval", "interrupt", "final" */
    char *metrics;         /* JSON object or NULL */
    int64_t created_at;
};

struct checkpoint_list {
    struct checkpoint_row *v;
    size_t n;
};

/* Adds a row, id and created_at are made in *row; one with the same file is replaced. */
int checkpoint_put(struct store *s, struct checkpoint_row *row, struct hone_err *err);
/* The one with the highest step (newest first among equals). ERR_NOT_FOUND when the job has none. */
int checkpoint_latest(struct store *s, const char *job_id, struct checkpoint_row *row, struct hone_err *err);
/* Oldest first; limit 0: all, else the newest `limit` of them. */
int checkpoint_list(struct store *s, const char *job_id, int64_t limit, struct checkpoint_list *list,
                    struct hone_err *err);
/* Removes the row of a file. First this, then commit, then unlink. Without a row: no error. */
int checkpoint_forget(struct store *s, const char *job_id, const char *file, struct hone_err *err);
/* Retention: removes the rows of all "interval" checkpoints but the newest `keep` and returns them in *gone, so that
 * the caller unlinks their files after the commit. The newest checkpoint of the job always stays. */
int checkpoint_prune(struct store *s, const char *job_id, int64_t keep, struct checkpoint_list *gone,
                     struct hone_err *err);
void checkpoint_free(struct checkpoint_row *row);
void checkpoint_list_free(struct checkpoint_list *list);

#endif
