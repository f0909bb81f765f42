/* Endpoints that want to hear of events: where they are, of what, with which secret, and whether they are still asked. What is sent to
 * them is in outbox.h. An endpoint belongs to a tenant and hears of that tenant's events alone. */
#ifndef STORE_WEBHOOK_H
#define STORE_WEBHOOK_H
#include <stddef.h>
#include "core/store/store.h"

#define WEBHOOK_ALL "*"            /* every type that is not sent to those alone who name it */
#define WEBHOOK_TEST "webhook.test" /* the ping of testWebhook */

/* The types of events, ending with NULL; in the order of the documentation. */
extern const char *const webhook_types[];
/* Whether only endpoints hear of it that name it. [any, pure] */
int webhook_type_is_optional(const char *type);

struct webhook_row {
    char *id;                /* wh_... */
    char *tenant;
    char *url;
    char *description;
    char *events;            /* types, each between blanks: " training.completed training.failed ", or " * " */
    char *secret;            /* whsec_... */
    char *old_secret;        /* the one before, which signs as well until old_until; NULL: none */
    int64_t old_until;
    int64_t failing_since;   /* the first failure after the last success; 0: none */
    int64_t disabled_at;     /* 0: it is enabled */
    char *disabled_reason;
    int64_t created_at, updated_at;
};

struct webhook_list {
    struct webhook_row *v;
    size_t n;
};

/* Adds a row; id, tenant and times are made in *row. */
int webhook_insert(struct store *s, struct webhook_row *row, struct hone_err *err);
/* ERR_NOT_FOUND. */
int webhook_get(struct store *s, const char *id, struct webhook_row *row, struct hone_err *err);
/* Newest first; `after` (or NULL) is the id of the last row of the page before; limit 0: all. */
int webhook_list(struct store *s, const char *after, int64_t limit, struct webhook_list *list, struct hone_err *err);
/* Stores url, description, events, secrets and whether it is disabled, as *row has them. */
int webhook_update(struct store *s, struct webhook_row *row, struct hone_err *err);
/* Removes it with its deliveries. ERR_NOT_FOUND. */
int webhook_delete(struct store *s, const char *id, struct hone_err *err);
void webhook_free(struct webhook_row *row);
void webhook_list_free(struct webhook_list *list);

#endif
