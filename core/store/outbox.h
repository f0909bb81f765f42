/* What is to be sent to webhooks: a message is one event with the bytes that are sent, a delivery is a message on its way to one endpoint,
 * an attempt is what came of one sending. Messages are added in the transaction that changes what they tell of, so that neither is there
 * without the other. Sending is core/api/outbox.c's. */
#ifndef STORE_OUTBOX_H
#define STORE_OUTBOX_H
#include <stddef.h>
#include <cjson/cJSON.h>
#include "core/store/job.h"
#include "core/store/store.h"

#define OUTBOX_BODY_MAX 20000     /* bytes of a message; longer members are left out of it */
#define OUTBOX_TRIES 10           /* attempts before a delivery is given up */

enum delivery_state { DELIVERY_PENDING, DELIVERY_DONE, DELIVERY_FAILED, DELIVERY_STATES };
/* "pending", "delivered", "failed"; -1 for another word. [any, pure] */
const char *delivery_state_name(enum delivery_state state);
int delivery_state_by_name(const char *name);

struct delivery_row {
    char *id;                /* dlv_... */
    char *message_id;        /* msg_...: the webhook-id, the same for every attempt and every endpoint */
    char *webhook_id;
    char *type;              /* of the message */
    char *job_id;            /* whose message; NULL: no job's */
    int64_t state;           /* enum delivery_state */
    int64_t attempts;        /* made so far */
    int64_t due_at;          /* of the next one */
    int64_t status;          /* of the last answer; 0: none came */
    char *error;             /* of the last attempt; NULL: it went well, or there was none */
    int64_t created_at, done_at;
};

struct delivery_list {
    struct delivery_row *v;
    size_t n;
};

/* A delivery with all that sending takes. */
struct due_row {
    char *id, *message_id, *webhook_id, *type, *body, *url, *secret, *old_secret;
    int64_t attempts, old_until, failing_since;
};

struct due_list {
    struct due_row *v;
    size_t n;
};

struct attempt_row {
    char *delivery_id;
    int64_t number;          /* 1 first */
    int64_t at, duration_ms, status;
    char *error;             /* NULL: it went well */
    char *response;          /* the beginning of the answer's body; NULL: none */
};

struct attempt_list {
    struct attempt_row *v;
    size_t n;
};

/* ---- adding: outbox_body.c, outbox.c ---- */

/* An event for the enabled endpoints of the tenant (NULL: the store's) that want its type; without any nothing is stored. `members` (a JSON
 * object, borrowed) has what stands in the message beside type, event and timestamp. Within a transaction. */
int outbox_event(struct store *s, const char *tenant, const char *type, const char *job_id, const cJSON *members, struct hone_err *err);
/* The event of a job that has just gone to this status; none for those that are not told. Within the transaction. */
int outbox_job(struct store *s, const char *job_id, enum job_status to, struct hone_err *err);
/* training.progress and training.checkpoint: `name` is the member of the message that has a copy of `value`. Within a transaction. */
int outbox_news(struct store *s, const char *tenant, const char *type, const char *job_id, const char *agent_id, const char *name,
                const cJSON *value, struct hone_err *err);
/* A ping to one endpoint, also to one that is disabled. *delivery_id is to be freed. */
int outbox_ping(struct store *s, const char *webhook_id, char **delivery_id, struct hone_err *err);
/* What is on its way to an endpoint has failed, for `why`: nothing of it is sent any more. How many, or a code. */
int64_t outbox_give_up(struct store *s, const char *webhook_id, const char *why, struct hone_err *err);
/* The bytes of a message: type, event, timestamp, the members, and `data`, which has those of the members that are short. At most
 * OUTBOX_BODY_MAX of them: the longest parts are left out and "truncated" says so. free(). NULL when memory ran out. */
char *outbox_body(const char *type, int64_t at, const cJSON *members);

/* ---- sending ---- */

/* Deliveries that are due, of every tenant: for each endpoint at most `each`, oldest first; *next (may be NULL) is when the first later one
 * is due (0: none is). */
int outbox_due(struct store *s, int64_t now, int64_t each, struct due_list *list, int64_t *next, struct hone_err *err);
/* What follows from an attempt that failed. */
struct outbox_verdict {
    int64_t again;           /* when it is tried again; 0: never */
    const char *disable;     /* why its endpoint is not asked any more; NULL: it is */
    int exhausted;           /* all tries are used up: the endpoint is disabled unless something has reached it since the first of them */
};
/* Writes down an attempt (its number is made) and what follows. Of a delivery that is gone nothing is written; one that is not pending any more
 * stays so. 1 when the endpoint was disabled by it, else 0. One transaction. */
int outbox_note(struct store *s, struct attempt_row *a, const struct outbox_verdict *v, struct hone_err *err);
/* Sends a delivery again, as a new one of the same message, from now on. ERR_NOT_FOUND; ERR_CONFLICT while it is pending, or its endpoint is
 * disabled. *again is the new one's id, to be freed. */
int outbox_again(struct store *s, const char *delivery_id, char **again, struct hone_err *err);

/* ---- looking ---- */

/* ERR_NOT_FOUND. */
int delivery_get(struct store *s, const char *id, struct delivery_row *row, struct hone_err *err);
/* Newest first; of one endpoint (NULL: all of the tenant's) and one state (-1: any). */
int delivery_list(struct store *s, const char *webhook_id, int state, const char *after, int64_t limit, struct delivery_list *list,
                  struct hone_err *err);
/* Oldest first. */
int attempt_list(struct store *s, const char *delivery_id, struct attempt_list *list, struct hone_err *err);
/* How many deliveries are pending, of all tenants. */
int outbox_pending(struct store *s, int64_t *n, struct hone_err *err);
/* Removes messages that were sent or given up before `before` and that are not on their way any more. At most `most` at once; how many, or a code. */
int64_t outbox_prune(struct store *s, int64_t before, int64_t most, struct hone_err *err);

void delivery_free(struct delivery_row *row);
void delivery_list_free(struct delivery_list *list);
void due_list_free(struct due_list *list);
void attempt_list_free(struct attempt_list *list);

#endif
