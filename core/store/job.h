/* Training jobs: what was asked for, how far it is, how it ended. Status changes go through job_transition() or
 * job_finish() only, which keep to the allowed edges and record each one. */
#ifndef STORE_JOB_H
#define STORE_JOB_H
#include <stddef.h>
#include "core/store/store.h"

/* ORDER job_statuses in job.c. */
enum job_status {
    JOB_PREPARING, JOB_RUNNING, JOB_PAUSED, JOB_COMPLETED, JOB_FAILED, JOB_CANCELLED, JOB_STATUSES
};

/* Who runs a job that is preparing or running. */
enum job_queue {
    JOB_LOCAL,               /* the process that made it, holding the job's lock; or nobody */
    JOB_WAITING,             /* a daemon will, when its turn comes */
    JOB_CLAIMED              /* the daemon does: by the run whose fence the row has */
};

/* What somebody asked of whoever runs the job. */
enum job_stop { JOB_STOP_NONE, JOB_STOP_PAUSE, JOB_STOP_CANCEL };

struct job_progress {
    int64_t epoch, total_epochs, step, total_steps, token_usage, elapsed_ms;
    double loss, learning_rate, gradient_norm, examples_per_second; /* NaN: not known */
    double memory_mb;                                               /* NaN: not known */
};

/* Texts marked JSON hold one value each. All strings are owned; NULL where there is nothing. */
struct job_row {
    char *id;                 /* job_... */
    char *tenant;             /* whose it is; made by job_insert() where it is NULL */
    char *agent_id;
    int64_t status;           /* enum job_status */
    int64_t stop_requested;   /* enum job_stop */
    char *training_type;
    char *config;             /* JSON object: every key resolved */
    char *model;              /* model plugin in use */
    char *model_reason;       /* why this one */
    char *plugins;            /* JSON list of the "ready" frame */
    char *data_name;          /* as the user gave it: a path, or "inline" */
    char *data_file;          /* relative to the state directory */
    char *data_format;
    char *data_sha256;
    char *validation_name, *validation_file, *validation_format, *validation_sha256; /* NULL without such a file */
    char *data_counts;        /* JSON object "data" of the "ready" frame */
    char *estimates;          /* JSON object */
    struct job_progress progress;
    char *metrics;            /* JSON object: the newest epoch row */
    char *best;               /* JSON object: {epoch, metrics} */
    char *results;            /* JSON object: the "result" frame */
    char *stop_reason;
    char *weights_file;       /* relative to the state directory */
    char *weights_sha256;
    char *error_code;         /* of a failed job: "signal:11", "VALIDATION_ERROR", ... */
    char *error_text, *error_stage;
    char *error_details;      /* JSON list */
    int64_t attempt;          /* how often it was started: 1 first */
    int64_t priority;         /* -10 to 10; higher ones are claimed first */
    int64_t queue;            /* enum job_queue */
    int64_t fence;            /* how often it was claimed; what an older run says of the job is refused */
    int64_t run_after;        /* ms since 1970: it is not claimed before */
    int64_t deaths;           /* workers that died while they ran it, since it was last started by somebody */
    char *cause;              /* of the last death: "signal:11", "oom", ... */
    char *token_id;           /* of whoever asked for it; NULL: no token */
    char *trace_id;           /* of the request that asked for it; NULL: none */
    int64_t data_bytes, data_examples; /* of its training data, for quotas; 0: not counted */
    int64_t withheld;         /* 1: what it trains becomes a version, which does not answer until it is deployed */
    int64_t created_at, started_at, updated_at, completed_at; /* ms since 1970; 0: not yet */
};

struct job_filter {
    const char *agent_id;
    int64_t status;           /* 1 << JOB_... or several; 0: any */
    const char *data_sha256;  /* trained or validated on this file */
    const char *after;        /* id of the last row of the page before */
    int64_t limit;
};

struct job_list {
    struct job_row *v;
    size_t n;
};

struct job_step {
    int64_t at;               /* ms since 1970 */
    int64_t from, to;         /* enum job_status; from is -1 for the first */
    char *reason;
};

struct job_steps {
    struct job_step *v;
    size_t n;
};

/* How a job ended, for job_finish(). Borrowed texts; NULL leaves the column as it is. */
struct job_end {
    enum job_status status;   /* COMPLETED, FAILED, CANCELLED or PAUSED */
    const char *reason;       /* of the transition, for people */
    const char *stop_reason, *metrics, *best, *results, *weights_file, *weights_sha256;
    const char *error_code, *error_text, *error_stage, *error_details;
    const char *cause;        /* of the last death of a worker */
};

/* The document's word for a status, and back (-1: no such word). */
const char *job_status_name(enum job_status status);
int job_status_by_name(const char *name);
/* Whether the edge is allowed; see docs/state.md. */
int job_may_go(enum job_status from, enum job_status to);

/* Adds a job in status preparing, with queue as *row says; an id that is NULL is made (*row). ERR_CONFLICT, naming the other job, while the
 * agent has one that is preparing or running; ERR_NOT_FOUND without the agent. */
int job_insert(struct store *s, struct job_row *row, struct hone_err *err);
int job_get(struct store *s, const char *id, struct job_row *row, struct hone_err *err);
/* By id, or by the unique beginning of one of at least 4 characters behind "job_"; "latest" is the newest job. */
int job_find(struct store *s, const char *id, struct job_row *row, struct hone_err *err);
/* Newest first. */
int job_list(struct store *s, const struct job_filter *f, struct job_list *list, struct hone_err *err);
/* 1 with the agent's job that is preparing or running in *row, 0 when there is none. */
int job_active(struct store *s, const char *agent_id, struct job_row *row, struct hone_err *err);

/* Goes to a status and records it. ERR_CONFLICT when the edge is not allowed. Entering running sets started_at (once)
 * and counts an attempt; coming from paused or failed forgets the request to stop and the error. */
int job_transition(struct store *s, const char *id, enum job_status to, const char *reason, struct hone_err *err);
/* As job_transition(), with the columns of `end`, in one transaction. */
int job_finish(struct store *s, const char *id, const struct job_end *end, struct hone_err *err);
/* Stores what a "ready" frame said: config, model, model_reason, plugins, data_counts, estimates, progress of *row. */
int job_set_ready(struct store *s, const struct job_row *row, struct hone_err *err);
/* Stores progress and, unless NULL, metrics and best. Only while the job runs, else ERR_CONFLICT. */
int job_set_progress(struct store *s, const char *id, const struct job_progress *p, const char *metrics,
                     const char *best, struct hone_err *err);
/* Asks whoever runs the job to stop; a cancel is not weakened to a pause. ERR_CONFLICT when it is not active. */
int job_request_stop(struct store *s, const char *id, enum job_stop stop, struct hone_err *err);
/* The request, or a negative code. Cheap. */
int job_stop_requested(struct store *s, const char *id, struct hone_err *err);
/* Whether the job's version waits to be deployed: 1, 0, or a negative code. */
int job_withheld(struct store *s, const char *id, struct hone_err *err);

/* ---- the daemon's queue: job_queue.c; each call is one transaction ---- */

/* Claims the job whose turn it is (priority, then age; run_after has come): it is the caller's run now, with a new fence.
 * 1 with the job in *row, 0 when none is due. */
int job_claim(struct store *s, int64_t now, struct job_row *row, struct hone_err *err);
/* 0 while the job is claimed with this fence, else ERR_CONFLICT: whoever asks is an older run and must leave the job alone.
 * To be called within the transaction that writes. A fence of 0 is a run without a daemon: always 0. */
int job_fence(struct store *s, const char *id, int64_t fence, struct hone_err *err);
#define JOB_CAUSE_FULL "disk_full"
/* Gives a claimed job back to the queue. `cause` (NULL: the job is not to blame, as when the daemon stops) counts a death, unless it is
 * JOB_CAUSE_FULL. */
int job_requeue(struct store *s, const char *id, int64_t fence, int64_t run_after, const char *cause, const char *reason,
                struct hone_err *err);
/* Puts a job that rests (paused, failed) into the queue again; deaths are forgotten. ERR_CONFLICT when it does not rest. */
int job_enqueue(struct store *s, const char *id, const char *reason, struct hone_err *err);
/* When the next waiting job is due, in ms since 1970: 1 with *at, 0 when none waits. */
int job_next_due(struct store *s, int64_t *at, struct hone_err *err);
/* At the start of a daemon: jobs that a former one had claimed go back to the queue, or end where somebody had asked for it.
 * Returns how many, or a negative code. */
int64_t job_recover(struct store *s, struct hone_err *err);
/* Jobs by status, for metrics: count[JOB_STATUSES], and how many wait. */
int job_counts(struct store *s, int64_t count[JOB_STATUSES], int64_t *waiting, struct hone_err *err);

/* Every status change, oldest first. */
int job_steps(struct store *s, const char *id, struct job_steps *steps, struct hone_err *err);
/* Removes the job, its history, checkpoints, evaluations and versions, in one transaction. ERR_CONFLICT while it is
 * active; and, unless with_versions, while its agent answers with weights of this job (with it, the agent's newest
 * other version answers, or none). Files are the caller's to remove, after the commit. */
int job_delete(struct store *s, const char *id, int with_versions, struct hone_err *err);
/* How many jobs, datasets and modules of all tenants use the stored file of this hash; one that none uses may be removed. Negative:
 * a code. */
int64_t job_data_users(struct store *s, const char *sha256, struct hone_err *err);
void job_free(struct job_row *row);
void job_list_free(struct job_list *list);
void job_steps_free(struct job_steps *steps);

#endif
