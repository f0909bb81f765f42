/* Answers that were given under an idempotency key, for 24 hours: the same key and body is answered the same. Written in the transaction
 * that did what was asked. */
#ifndef STORE_IDEMPOTENCY_H
#define STORE_IDEMPOTENCY_H
#include "core/store/store.h"

#define IDEMPOTENCY_KEEP_MS (INT64_C(24) * 3600 * 1000)

struct idempotency_row {
    char *tenant, *key;
    char *body_sha256;
    int64_t status;        /* HTTP's; 0: the call is still running */
    char *response;        /* JSON: data, or the error */
    int64_t created_at;
};

/* 1 with the row of the store's tenant in *row, 0 when the key is new or its row is too old. */
int idempotency_get(struct store *s, const char *key, struct idempotency_row *row, struct hone_err *err);
/* Adds the row, or replaces it; tenant and created_at are made. */
int idempotency_put(struct store *s, const char *key, const char *body_sha256, int64_t status, const char *response, struct hone_err *err);
int idempotency_forget(struct store *s, const char *key, struct hone_err *err);
/* Removes what is too old, of all tenants, and rows that a former process left running. */
int idempotency_prune(struct store *s, int at_start, struct hone_err *err);
void idempotency_free(struct idempotency_row *row);

#endif
