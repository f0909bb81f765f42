/* Metric history of jobs: one row an evaluation, as the worker's "epoch" frame gave it. */
#ifndef STORE_HISTORY_H
#define STORE_HISTORY_H
#include <stddef.h>
#include "core/store/store.h"

struct history_row {
    int64_t epoch, step;
    char *row;             /* JSON object */
    int64_t created_at;
};

struct history_list {
    struct history_row *v;
    size_t n;
};

/* Adds a row; one of the same epoch and step is replaced (a resumed job measures again what was not checkpointed). */
int history_put(struct store *s, const char *job_id, int64_t epoch, int64_t step, const char *row,
                struct hone_err *err);
/* Oldest first: rows with a step above after_step (-1: from the start); limit 0: all. */
int history_list(struct store *s, const char *job_id, int64_t after_step, int64_t limit, struct history_list *list,
                 struct hone_err *err);
/* Removes rows with a step above `step`: what a job that resumes from there will write again. */
int history_truncate(struct store *s, const char *job_id, int64_t step, struct hone_err *err);
void history_list_free(struct history_list *list);

#endif
