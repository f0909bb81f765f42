/* Changes that Hone has made to an agent by itself: what was changed, how it does since, and how that ended. At most one of an agent is open. */
#ifndef STORE_ADAPTATION_H
#define STORE_ADAPTATION_H
#include <stddef.h>
#include "core/store/store.h"

#define ADAPTATION_CANARY "canary"           /* the new version answers a share */
#define ADAPTATION_APPLIED "applied"         /* it answers all, and is watched */
#define ADAPTATION_KEPT "kept"               /* it has done well for long enough */
#define ADAPTATION_ROLLED_BACK "rolled back" /* the version before answers again */
#define ADAPTATION_REPLACED "replaced"       /* somebody has deployed another version meanwhile */

struct adaptation_row {
    char *id;              /* adapt_... */
    char *agent_id;
    char *version_id;      /* the new one */
    char *previous_id;     /* id of the version that answered before */
    char *status;          /* one of the words above; the first two are open */
    char *proposal;        /* JSON object, as adaptAgentBehavior showed it */
    char *reason;          /* why it ended; NULL while it is open */
    int64_t created_at;    /* ms since 1970 */
    int64_t decided_at;    /* of the last change of status; 0: none */
};

struct adaptation_list {
    struct adaptation_row *v;
    size_t n;
};

/* Adds a row; id and created_at are made in *row. */
int adaptation_insert(struct store *s, struct adaptation_row *row, struct hone_err *err);
/* The open one of an agent. 1 found, 0 none (*row zeroed), or a negative code. */
int adaptation_open(struct store *s, const char *agent_id, struct adaptation_row *row, struct hone_err *err);
/* Status and reason (may be NULL) from now on. */
int adaptation_decide(struct store *s, const char *id, const char *status, const char *reason, struct hone_err *err);
/* Newest first. On failure *list is empty. */
int adaptation_list(struct store *s, const char *agent_id, int64_t limit, struct adaptation_list *list, struct hone_err *err);
void adaptation_free(struct adaptation_row *row);
void adaptation_list_free(struct adaptation_list *list);

#endif
