/* Sets of examples that are kept by themselves: datasets, which were uploaded, and training modules, which jobs refer to by name.
 * Both are a stored file with a name; they differ in the prefix of their ids. */
#ifndef STORE_DATASET_H
#define STORE_DATASET_H
#include <stddef.h>
#include "core/store/store.h"

enum dataset_kind { DATASET_DATA, DATASET_MODULE };

struct dataset_row {
    char *id;              /* data_... or module_... */
    char *tenant;
    int64_t kind;          /* enum dataset_kind */
    char *name, *description;
    char *file;            /* relative to the state directory */
    char *format;          /* as given, "auto" otherwise */
    char *sha256;
    int64_t bytes;
    int64_t examples;      /* 0: not counted yet */
    char *metadata;        /* JSON object or NULL */
    int64_t created_at;
    char *token_id;        /* of whoever brought it; NULL: no token */
};

struct dataset_list {
    struct dataset_row *v;
    size_t n;
};

/* Adds a row; id, tenant and created_at are made in *row. */
int dataset_insert(struct store *s, struct dataset_row *row, struct hone_err *err);
/* By id, or by the name that one alone of the kind has. ERR_NOT_FOUND; HONE_EINVAL when several are called so. */
int dataset_get(struct store *s, enum dataset_kind kind, const char *id, struct dataset_row *row, struct hone_err *err);
/* Newest first; `after` (or NULL) is the id of the last row of the page before; limit 0: all. */
int dataset_list(struct store *s, enum dataset_kind kind, const char *after, int64_t limit, struct dataset_list *list, struct hone_err *err);
/* Datasets that were generated from a module (their metadata names it as module_id), newest first. */
int dataset_of_module(struct store *s, const char *module_id, struct dataset_list *list, struct hone_err *err);
/* Removes the row; the file is the caller's, see job_data_users(). ERR_NOT_FOUND. */
int dataset_delete(struct store *s, enum dataset_kind kind, const char *id, struct hone_err *err);
void dataset_free(struct dataset_row *row);
void dataset_list_free(struct dataset_list *list);

#endif
