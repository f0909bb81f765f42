/* Runs of pipelines and sweeps, and the steps of each: what is to be done, how far it is, what came of it. A run keeps its whole definition,
 * so that it goes on as it began when its file has changed since. Who runs them is core/api's. */
#ifndef STORE_PIPELINE_H
#define STORE_PIPELINE_H
#include <stddef.h>
#include "core/store/store.h"

/* ORDER run_statuses in pipeline.c. Paused: nobody runs it, and it can be resumed. */
enum run_status { RUN_RUNNING, RUN_PAUSED, RUN_COMPLETED, RUN_FAILED, RUN_CANCELLED, RUN_STATUSES };

/* ORDER step_statuses in pipeline.c. Skipped: its own condition did not hold. Stopped: what it needs failed, or a gate kept it. */
enum step_status { STEP_PENDING, STEP_RUNNING, STEP_COMPLETED, STEP_SKIPPED, STEP_STOPPED, STEP_FAILED, STEP_STATUSES };

struct run_row {
    char *id;              /* run_... */
    char *tenant;
    char *kind;            /* "pipeline" or "sweep" */
    char *name;
    char *definition;      /* JSON object, complete */
    int64_t local;         /* 1: begun by the command line of this machine, so that it may name files */
    int64_t status;        /* enum run_status */
    int64_t cancel;        /* 1: somebody asked for its end */
    int64_t elapsed_ms;    /* that it was worked on */
    char *result;          /* JSON object or NULL */
    char *error_code, *error_text;
    int64_t created_at, updated_at, completed_at; /* ms since 1970; 0: not yet */
    char *token_id;        /* of whoever began it; NULL: no token */
    char *trace_id;        /* of the request that began it; NULL: none */
};

struct run_list {
    struct run_row *v;
    size_t n;
};

struct step_row {
    char *run_id;
    int64_t seq;           /* order in the run, from 0 */
    char *name;
    int64_t part;          /* of a matrix, from 0 */
    char *kind;            /* "train", ... */
    int64_t status;        /* enum step_status */
    int64_t attempts;
    char *job_id;          /* of a training; known before the job is */
    char *inputs;          /* hash of all that its result depends on; NULL: it is always run */
    char *same_as;         /* the run whose result was taken; NULL: it was run */
    char *result;          /* JSON or NULL */
    char *reason;          /* why it was skipped, stopped, failed, or waits; NULL: nothing to say */
    int64_t started_at, completed_at;
};

struct step_list {
    struct step_row *v;
    size_t n;
};

const char *run_status_name(enum run_status status);
int run_status_by_name(const char *name); /* -1: no such word */
const char *step_status_name(enum step_status status);

/* Adds a run; id, tenant and times are made in *row. */
int run_insert(struct store *s, struct run_row *row, struct hone_err *err);
int run_get(struct store *s, const char *id, struct run_row *row, struct hone_err *err);
/* By id, by the unique beginning of one of at least 4 characters behind "run_", or "latest". */
int run_find(struct store *s, const char *id, struct run_row *row, struct hone_err *err);
/* Newest first; kind NULL: both; status -1: any; limit 0: all. */
int run_list(struct store *s, const char *kind, int status, int64_t limit, struct run_list *list, struct hone_err *err);
/* Goes to a status; result, error_code and error_text of *end replace what is there (NULL too). elapsed_ms is added. ERR_CONFLICT when the run has
 * completed or was cancelled. The events pipeline.completed and pipeline.failed are told in the same transaction. */
int run_move(struct store *s, const char *id, enum run_status to, const struct run_row *end, int64_t elapsed_ms, struct hone_err *err);
/* Asks whoever runs it to end it. ERR_CONFLICT when it is not running. */
int run_cancel(struct store *s, const char *id, struct hone_err *err);
/* Whether somebody asked for that: 1, 0, or a negative code. */
int run_cancelled(struct store *s, const char *id, struct hone_err *err);
void run_free(struct run_row *row);
void run_list_free(struct run_list *list);

/* Writes the whole row, new or in place of the one with its run and seq. */
int step_put(struct store *s, const struct step_row *row, struct hone_err *err);
/* Those of a run, by seq. */
int step_list(struct store *s, const char *run_id, struct step_list *list, struct hone_err *err);
/* The newest completed step of this kind with these inputs, in the runs of the same tenant: 1 with *row, 0 without one. */
int step_same(struct store *s, const char *kind, const char *inputs, struct step_row *row, struct hone_err *err);
void step_free(struct step_row *row);
void step_list_free(struct step_list *list);

#endif
