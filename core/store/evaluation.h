/* Evaluations of jobs, as they were shown. Rows never change. */
#ifndef STORE_EVALUATION_H
#define STORE_EVALUATION_H
#include <stddef.h>
#include "core/store/store.h"

struct evaluation_row {
    char *id;              /* eval_... */
    char *job_id;
    char *data_sha256;     /* of the test file; NULL: the job's held-out rows */
    char *weights_sha256;  /* what was evaluated */
    char *criteria;        /* JSON list or NULL: the default ones */
    char *benchmark_job;   /* or NULL */
    double overall_score;  /* 0 to 100 */
    char *result;          /* JSON object: the whole answer */
    int64_t created_at;
};

struct evaluation_list {
    struct evaluation_row *v;
    size_t n;
};

/* Adds a row; id and created_at are made in *row. */
int evaluation_insert(struct store *s, struct evaluation_row *row, struct hone_err *err);
int evaluation_get(struct store *s, const char *id, struct evaluation_row *row, struct hone_err *err);
/* Newest first; `after` (or NULL) is the id of the last row of the page before; limit 0: all. */
int evaluation_list(struct store *s, const char *job_id, const char *after, int64_t limit,
                    struct evaluation_list *list, struct hone_err *err);
void evaluation_free(struct evaluation_row *row);
void evaluation_list_free(struct evaluation_list *list);

#endif
