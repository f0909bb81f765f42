/* Comparisons of runs, as they were shown. Rows never change. */
#ifndef STORE_COMPARISON_H
#define STORE_COMPARISON_H
#include "core/store/store.h"

struct comparison_row {
    char *id;              /* cmp_... */
    char *tenant;
    char *run_ids;         /* JSON list */
    char *result;          /* JSON object: the whole answer */
    int64_t created_at;
};

/* Adds a row; id, tenant and created_at are made in *row. */
int comparison_insert(struct store *s, struct comparison_row *row, struct hone_err *err);
/* ERR_NOT_FOUND. */
int comparison_get(struct store *s, const char *id, struct comparison_row *row, struct hone_err *err);
void comparison_free(struct comparison_row *row);

#endif
