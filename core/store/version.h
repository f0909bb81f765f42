/* Versions of agents: weights that a job made, and how they answer, numbered from 1 within the agent. Rows never change: the same weights with
 * another threshold are another version. */
#ifndef STORE_VERSION_H
#define STORE_VERSION_H
#include <stddef.h>
#include "core/store/store.h"

struct version_row {
    char *id;              /* ver_... */
    char *agent_id;
    int64_t number;        /* 1, 2, ... within the agent */
    char *job_id;          /* who made it */
    char *weights_file;    /* relative to the state directory */
    char *weights_sha256;
    int64_t weights_bytes;
    char *settings;        /* JSON object {threshold, explore: {rule, setting}, generation} of what differs from how it was trained to answer; NULL: nothing */
    int64_t created_at;
};

struct version_list {
    struct version_row *v;
    size_t n;
};

/* Adds a version; id, number and created_at are made in *row. Does not make it the active one. */
int version_insert(struct store *s, struct version_row *row, struct hone_err *err);
int version_get(struct store *s, const char *id, struct version_row *row, struct hone_err *err);
/* By number within an agent. */
int version_by_number(struct store *s, const char *agent_id, int64_t number, struct version_row *row,
                      struct hone_err *err);
/* By id, number or the id of the job that made it, within an agent. ERR_NOT_FOUND. */
int version_find(struct store *s, const char *agent_id, const char *id_or_number, struct version_row *row, struct hone_err *err);
/* The active one. ERR_PRECONDITION when the agent has none yet, ERR_NOT_FOUND when there is no agent. */
int version_active(struct store *s, const char *agent_id, struct version_row *row, struct hone_err *err);
/* Newest first; `before` (0: none) is the number of the last row of the page before; limit 0: all. */
int version_list(struct store *s, const char *agent_id, int64_t before, int64_t limit, struct version_list *list,
                 struct hone_err *err);
/* Whether the version that this job made has ever answered for its agent: 1, 0, or a negative code. */
int version_was_deployed(struct store *s, const char *job_id, struct hone_err *err);
void version_free(struct version_row *row);
void version_list_free(struct version_list *list);

#endif
