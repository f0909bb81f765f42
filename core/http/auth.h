/* Who sends a request: the bearer token, remembered for a moment so that a busy client costs no look-up each time, the limit on failures
 * from one address, and the limit on requests with one token. Tokens themselves are the store's. Called by request.c. */
#ifndef HTTP_AUTH_H
#define HTTP_AUTH_H
#include "core/http/failures.h"
#include "core/http/http.h"

#define AUTH_SLOTS 4096
#define AUTH_KEEP_MS 500          /* a revoked token works no longer than this */

struct auth {
    const struct http_program *program;
    struct failures failures;
    int per_minute;
    pthread_mutex_t lock;
    struct auth_slot {
        uint8_t hash[32];         /* SHA-256 of the token */
        int64_t until;            /* 0: free */
        struct http_identity who;
        double credit;            /* requests that may come at once */
        int64_t at;               /* when credit was counted */
    } slot[AUTH_SLOTS];
};

void auth_init(struct auth *a, const struct http_program *program, const struct http_config *c);
/* Identifies by the value of Authorization (NULL: none came). 0 with *who; 401, 429 or 500, with *wait in seconds (429) and err's sentence.
 * The token itself is in no sentence. [any] */
int auth_check(struct auth *a, const char *authorization, const struct http_address *from, int64_t now, struct http_identity *who,
               int *wait, struct hone_err *err);

#endif
