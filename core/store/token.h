/* Tokens that clients of a daemon show: what they allow and whose they are. The secret is not here, only its hash; core/api/token.h
 * makes and checks them. */
#ifndef STORE_TOKEN_H
#define STORE_TOKEN_H
#include <stddef.h>
#include "core/store/store.h"

struct token_row {
    char *id;              /* 10 characters, part of the token's text */
    char *tenant;          /* whose objects it reaches */
    int64_t scope;         /* 0 read, 1 train, 2 admin */
    char *name;            /* for people */
    char *secret_sha256;   /* hex */
    int64_t created_at, expires_at, used_at, revoked_at; /* ms since 1970; 0: never */
};

struct token_list {
    struct token_row *v;
    size_t n;
};

/* Adds a row with all of its fields given. */
int token_insert(struct store *s, const struct token_row *row, struct hone_err *err);
/* Newest first: of the store's tenant, also those that are revoked. */
int token_list(struct store *s, struct token_list *list, struct hone_err *err);
/* ERR_NOT_FOUND; revoking twice is fine. */
int token_revoke(struct store *s, const char *id, struct hone_err *err);
int token_used(struct store *s, const char *id, int64_t at, struct hone_err *err);
void token_list_free(struct token_list *list);

#endif
