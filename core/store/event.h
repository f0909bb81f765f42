/* What happened to jobs, in one order: added in the transaction that did it, so that neither is there without the other. Read by those
 * who follow a job, from any seq on; not the live progress, which is not kept. Rows never change. */
#ifndef STORE_EVENT_H
#define STORE_EVENT_H
#include <stddef.h>
#include "core/store/store.h"

struct event_row {
    int64_t seq;           /* rises, over all jobs; never used twice */
    char *tenant;
    char *job_id;
    char *type;            /* "status", "epoch", "checkpoint" */
    char *data;            /* JSON object */
    int64_t at;            /* ms since 1970 */
};

struct event_list {
    struct event_row *v;
    size_t n;
};

/* Adds an event; tenant NULL: the store's. */
int event_add(struct store *s, const char *job_id, const char *tenant, const char *type, const char *data, struct hone_err *err);
/* Oldest first, with a seq above `after`: of one job, or of all for NULL. limit 0: all. */
int event_list(struct store *s, const char *job_id, int64_t after, int64_t limit, struct event_list *list, struct hone_err *err);
/* The seq of the newest event of all, 0 without one. */
int event_newest(struct store *s, int64_t *seq, struct hone_err *err);
void event_list_free(struct event_list *list);

#endif
