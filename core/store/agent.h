/* Agents: a name, and the version that answers. A row struct owns its strings: free it with agent_free(). */
#ifndef STORE_AGENT_H
#define STORE_AGENT_H
#include <stddef.h>
#include "core/store/store.h"

struct agent_row {
    char *id;              /* agent_... */
    char *tenant;          /* whose it is; made by agent_insert() where it is NULL */
    char *name;            /* unique within the tenant, not empty, at most 200 bytes */
    char *description;     /* "" when none was given */
    char *metadata;        /* JSON object or NULL */
    char *active_version;  /* version id, NULL before the first training */
    char *canary_version;  /* version id that answers a share of the questions; NULL: none */
    double canary_share;   /* > 0, < 1; 0 without a canary */
    int64_t created_at, updated_at; /* ms since 1970 */
};

struct agent_filter {
    const char *name_part; /* part of the name, case of ASCII letters ignored */
    const char *after;     /* id of the last row of the page before */
    int64_t limit;         /* 0: all */
};

struct agent_list {
    struct agent_row *v;
    size_t n;
};

/* Adds an agent; an id that is NULL is made, times that are 0 are set, in *row. ERR_CONFLICT when the name is taken. */
int agent_insert(struct store *s, struct agent_row *row, struct hone_err *err);
/* By id. ERR_NOT_FOUND. On failure *row is zeroed; so for all look-ups. */
int agent_get(struct store *s, const char *id, struct agent_row *row, struct hone_err *err);
/* By id or, when there is no such id, by name. ERR_NOT_FOUND names the nearest name that exists. */
int agent_find(struct store *s, const char *id_or_name, struct agent_row *row, struct hone_err *err);
/* Stores name, description and metadata of the row with this id. ERR_NOT_FOUND, ERR_CONFLICT. */
int agent_update(struct store *s, const struct agent_row *row, struct hone_err *err);
#define AGENT_ROLLED_BACK "rolled back"
/* The version that answers from now on; it must be one of the agent's. NULL: none. `reason` ("trained", "deployed",
 * AGENT_ROLLED_BACK) is recorded with it. */
int agent_activate(struct store *s, const char *id, const char *version_id, const char *reason, struct hone_err *err);
/* Lets another version of the agent answer a share (0 < share < 1) of the questions; the active one answers the others. NULL: no version does.
 * agent_activate() ends it too. ERR_NOT_FOUND. */
int agent_set_canary(struct store *s, const char *id, const char *version_id, double share, struct hone_err *err);
/* The version to roll back to: the one that answered before the present one was deployed, past those that are gone and those that were
 * rolled back themselves. *id is its id (free()). ERR_PRECONDITION when there is none. */
int agent_previous(struct store *s, const char *agent_id, char **id, struct hone_err *err);
/* Newest first. On failure *list is empty. */
int agent_list(struct store *s, const struct agent_filter *f, struct agent_list *list, struct hone_err *err);
/* Removes the agent, its versions and its jobs with all that is theirs, in one transaction. ERR_CONFLICT while a job of
 * it is active. The job directories are the caller's to remove, after the commit. */
int agent_delete(struct store *s, const char *id, struct hone_err *err);
void agent_free(struct agent_row *row);
void agent_list_free(struct agent_list *list);

#endif
