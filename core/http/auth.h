/* Who sends a request: the bearer token, remembered for a moment so that a busy client costs no look-up each time, the limit on failures
 * from one address, and the limits on requests with one token and of one tenant. Tokens themselves are the store's. Called by request.c. */
#ifndef HTTP_AUTH_H
#define HTTP_AUTH_H
#include "core/http/failures.h"
#include "core/http/http.h"

#define AUTH_SLOTS 4096
#define AUTH_LISTS 256
#define AUTH_WINDOW_MS 60000
#define AUTH_KEEP_MS 500          /* a revoked token works no longer than this */

/* What is counted of a token or a tenant: requests since `from`, for a minute. One for each that was ever identified, kept until the end: a
 * token that stays away gains nothing by it. */
struct auth_rate {
    char name[64];
    int64_t from;
    int n;
    struct auth_rate *next;
};

/* What a request leaves of the limit that is nearest. */
struct auth_left {
    const char *policy;           /* "requests" of the token, "tenant" of its tenant; NULL: there is no limit. Static */
    int most, left, reset_s;
};

struct auth {
    const struct http_program *program;
    struct failures failures;
    int per_minute, tenant_per_minute;
    pthread_mutex_t lock;
    struct auth_rate *tokens[AUTH_LISTS], *tenants[AUTH_LISTS];
    struct auth_slot {
        uint8_t hash[32];         /* SHA-256 of the token */
        int64_t until;            /* 0: free */
        struct http_identity who;
        struct auth_rate *token, *tenant; /* NULL: no limit */
    } slot[AUTH_SLOTS];
};

void auth_init(struct auth *a, const struct http_program *program, const struct http_config *c);
void auth_free(struct auth *a);
/* Identifies by the value of Authorization (NULL: none came). 0 with *who; 401, 429 or 500, with *wait in seconds (429: no request of this token
 * is taken before) and err's sentence. *left in any case. The token itself is in no sentence. [any] */
int auth_check(struct auth *a, const char *authorization, const struct http_address *from, int64_t now, struct http_identity *who,
               struct auth_left *left, int *wait, struct hone_err *err);

#endif
