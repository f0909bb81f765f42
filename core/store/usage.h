/* What tenants and tokens have used, for quotas: jobs of a day, which are counted as they start, and what there is now, which is counted
 * from the rows themselves. Limits are core/api/quota.h's. */
#ifndef STORE_USAGE_H
#define STORE_USAGE_H
#include <stddef.h>
#include "core/store/store.h"

#define USAGE_DAY_MS INT64_C(86400000) /* days are UTC's */

struct usage {
    int64_t jobs_today;      /* started on the day, also those that were removed since */
    int64_t jobs_active;     /* preparing or running */
    int64_t examples, bytes; /* of the files of datasets, modules and jobs (one that several use counts once) */
    int64_t weights_bytes;   /* of weights and checkpoints */
    int64_t webhooks;
};

/* Counts a started job, in the transaction that adds it. token_id NULL: no token's. */
int usage_add_job(struct store *s, const char *tenant, const char *token_id, int64_t now, struct hone_err *err);
/* Of a tenant; with token_id (not NULL) of what that token has brought alone, which has no webhooks. `now` says which day it is. */
int usage_get(struct store *s, const char *tenant, const char *token_id, int64_t now, struct usage *u, struct hone_err *err);
/* The tenants that have tokens, and "default". */
struct usage_tenants {
    struct usage_tenant {
        char *tenant;
    } *v;
    size_t n;
};
int usage_tenants(struct store *s, struct usage_tenants *list, struct hone_err *err);
void usage_tenants_free(struct usage_tenants *list);
/* Forgets days that are over. */
int usage_prune(struct store *s, int64_t now, struct hone_err *err);

#endif
