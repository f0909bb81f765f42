/* What the files of core/api share. Private to core/api. */
#ifndef API_PRIV_H
#define API_PRIV_H
#include "core/api/function.h"
#include "core/jobs/worker_proc.h"
#include "core/store/agent.h"
#include "core/store/job.h"
#include "core/store/store.h"
#include "core/store/version.h"

/* ---- books.c ---- */

/* The state database for the time of a transaction or a few reads, as the tenant of the call sees it. A command line opens it, and
 * NULL with ERR_NOT_FOUND when there is none; a daemon's, which stays open, is locked for the calling thread until books_close().
 * To be held briefly: never while a worker is waited for. Not twice at once by one thread, except within a call that is one
 * transaction as a whole (a->held), whose books_close() does nothing. */
struct store *books_open(struct api *a, struct hone_err *err);
/* The same, made where it is missing. */
struct store *books_make(struct api *a, struct hone_err *err);
/* NULL is fine. A transaction that is still open is undone. */
void books_close(struct api *a, struct store *s);

/* Within the transaction in which a function writes what it has done: also writes what the call wants to be written with it. */
int book_also(struct api *a, struct store *s, const cJSON *data, struct hone_err *err);

/* ---- once.c ---- */

/* Runs a function: 0 with a->answer, or a negative code. */
typedef int api_run(struct api *a, const struct api_function *f, cJSON *in, struct hone_err *err);
/* Whether the call has an idempotency key that counts. */
int once_applies(const struct api *a, const struct api_function *f);
/* run(), or the answer that it gave to an earlier call with this key and this body; another body is HONE_EINVAL, a first call that is
 * still under way ERR_CONFLICT. A call that fails leaves the key free. */
int once_run(struct api *a, const struct api_function *f, cJSON *in, api_run *run, struct hone_err *err);

/* ---- common.c ---- */

/* The text of a required field of `in`, or NULL with HONE_EINVAL. */
const char *need_text(const cJSON *in, const char *key, struct hone_err *err);
/* cJSON from stored JSON text; null for NULL or what does not parse. */
cJSON *stored_json(const char *text);
/* RFC 3339, or null for 0. */
void put_time(cJSON *o, const char *key, int64_t ms);
/* See api.h for what names an agent or a job. */
int find_agent(struct store *s, const char *name, struct agent_row *row, struct hone_err *err);
/* The job is settled first: one whose process is gone becomes paused. */
int find_job(struct store *s, const char *name, struct job_row *row, struct hone_err *err);
/* Makes a job paused that is running in the books and that nobody runs. */
int settle_job(struct store *s, struct job_row *row, struct hone_err *err);
/* A job as the document's functions show it; agent_name may be NULL. */
cJSON *job_json(const struct job_row *row, const char *agent_name);
/* The progress and metrics of monitorTrainingProgress. */
void put_job_state(cJSON *o, const struct job_row *row);
/* job_json() with the agent's name, which is null when the agent is gone. NULL when it cannot be read. */
cJSON *job_with_agent(struct store *s, const struct job_row *row, struct hone_err *err);
/* The job as api_job_show() gives it, from the database. */
cJSON *show_job(struct api *a, const char *id, struct hone_err *err);
/* dir of the state + "/" + rel (free()). */
char *state_path(const struct api *a, const char *rel);

/* ---- jobs.c ---- */

/* monitorTrainingProgress from the books; monitor.c keeps its answers. */
cJSON *monitor_json(struct api *a, const cJSON *in, struct hone_err *err);

/* ---- train.c ---- */

struct train_config;
/* config_resolve() with all faults in a->details. */
int check_config(struct api *a, const cJSON *given, struct train_config *c, struct hone_err *err);
/* HONE_EINVAL for a configuration from outside of this machine that names a file. */
int check_remote(struct api *a, const struct train_config *config, struct hone_err *err);
/* Whether a new agent may be called so. */
int check_agent_name(const char *name, struct hone_err *err);

/* ---- agents.c ---- */

cJSON *agent_json(const struct agent_row *row);
cJSON *version_json(const struct version_row *v, const char *active);

/* ---- tasks.c ---- */

/* A start frame with task, plugin_dirs, threads and log_level. */
cJSON *start_frame(const struct api *a, const char *task);
/* Lets the worker find the model that a job was trained with where it was found then, behind all other places. `plugins`: the job's. */
void add_model_dir(cJSON *start, const char *plugins);
/* Runs a task that needs no "go" to its end. `fd`: the worker's standard output, 0: ours. The "result" frame, or NULL with err
 * and a->details. */
cJSON *run_task(struct api *a, cJSON *start, int fd, const struct api_hooks *hooks, struct hone_err *err);
/* err and a->details from an "error" frame. Returns the code. */
int take_error(struct api *a, const cJSON *frame, struct hone_err *err);

/* ---- judged.c, evaluate.c ---- */

/* A completed job by name, and its history as a field of `start`. ERR_PRECONDITION for another one, saying what it cannot be ("evaluated").
 * On failure the row needs no job_free(). */
int completed_job(struct api *a, const char *name, const char *what, struct job_row *row, cJSON *start, struct hone_err *err);
/* The path of a file of the state, or null for NULL. */
void put_state_file(cJSON *o, const struct api *a, const char *key, const char *rel);
/* Held-out rows of a log say what was done, not what is right: ERR_PRECONDITION for a job that learned from one. */
int held_out_judges(const struct job_row *row, struct hone_err *err);

/* ---- files.c ---- */

/* A data file in the state directory. */
struct kept {
    char *name;              /* as the user gave it */
    char *file;              /* "data/<sha256>.<suffix>" */
    char *path;              /* the same with the state directory */
    char sha256[65];
    const char *format;      /* as given, "auto" otherwise */
    int64_t bytes;
    int64_t examples;        /* 0: not counted */
};
/* Checks that `path` can be data (ERR_NOT_FOUND, HONE_EINVAL for a directory). */
int file_usable(const char *path, struct hone_err *err);
int keep_file(struct api *a, const char *path, const char *format, struct kept *k, struct hone_err *err);
/* The same for a file that people know by another name, whose suffix counts. */
int keep_file_as(struct api *a, const char *path, const char *name, const char *format, struct kept *k, struct hone_err *err);
void kept_free(struct kept *k);
/* Whether a stored file is what its job was started with: 0, ERR_CORRUPT or HONE_EIO. */
int stored_data_whole(const struct api *a, const char *file, const char *sha256, struct hone_err *err);
/* Removes the files of a job that the books no longer have, or the data of that hash unless something uses it: at once, or when the
 * transaction that the call is a part of is committed. *why (may be NULL) gets a fault, which is no failure. */
void discard_job(struct api *a, const struct job_row *row, struct hone_err *why);
void discard_data(struct api *a, const char *sha256);
/* After the commit; empties a->discards. */
void discards_run(struct api *a);
/* Removes what a worker that was killed has half-written in a job's directory, which nobody runs or the caller. How many. */
int remove_parts(const char *job_dir);
/* At the start of a daemon: removes job directories and data that no row names, as a crash between commit and removal leaves them, and files
 * that were half-written. How many. */
int sweep_orphans(struct api *a);
/* A shared lock on the data directory, to be held (close()) from keep_file() until a job in the books names the file. */
int hold_data(struct api *a, struct hone_err *err);
/* Removes the stored file unless a job uses it or somebody else holds the directory. `hold`: our own lock, given up. The directory is locked
 * against others only behind the books, since a call in a transaction asks for a shared lock with the books in its hands. */
void drop_unused(struct api *a, const char *sha256, int hold);
/* Removes directories in the state that are empty, and with `fresh` its own. */
void drop_empty(const struct api *a, int fresh);
/* The names of the stored files in a message become those that the user gave. */
void user_names(struct hone_err *err, const struct kept *const *k, int n);

/* ---- base.c ---- */

/* What the configuration key `base` names. */
struct base_ref {
    char *name;              /* as the user gave it */
    char *path;
    char *copy;              /* of keep_base() */
    const char *kind;        /* "weights" or "vectors" */
    char *job_id;            /* that made the weights; NULL for a file */
    cJSON *data;             /* of that job: {file, format, validation_file, validation_format, split, seed}; NULL for a file */
    char sha256[65];         /* that it must have; "" for a file until keep_base() */
    int temporary;           /* path goes with base_ref_free() */
};
/* Finds it. The sentence of a failure begins with "config.base"; b is empty then. */
int find_base(struct api *a, const char *text, struct base_ref *b, struct hone_err *err);
/* Copies it into the job's directory and adds "base" to the start frame. ERR_CORRUPT when it is not what was written. */
int keep_base(const struct api *a, struct base_ref *b, const char *dir, cJSON *frame, struct hone_err *err);
/* Checks the copy that the frame's "base" (if any) names and adds its path. */
int put_base_path(cJSON *frame, const char *dir, struct hone_err *err);
void base_ref_free(struct base_ref *b);

/* ---- sources.c ---- */

/* What a request says of its examples; what it does not say is NULL. */
struct source {
    const char *file, *format;
    const cJSON *examples;
    const char *dataset_id, *module_id;
};
/* One stored file with all of it (kept_free()). HONE_EINVAL for nothing at all, the message beginning with `where`; ERR_NOT_FOUND. */
int keep_source(struct api *a, const struct source *src, const char *where, struct kept *k, struct hone_err *err);
/* Stores bytes as a file of the data directory, durably. */
int keep_bytes(struct api *a, const char *bytes, size_t n, const char *suffix, const char *name, struct kept *k, struct hone_err *err);
/* How many examples the file has, and how many rows are none. Fails when it cannot be read at all. */
int count_examples(const struct kept *k, int64_t *rows, int64_t *faults, struct hone_err *err);

/* ---- datasets.c ---- */

struct dataset_row;
/* Adds a dataset, unless its tenant or token has no room for it (ERR_QUOTA): a part of the caller's transaction, undone alone on failure. */
int dataset_add(struct api *a, struct store *s, struct dataset_row *row, struct hone_err *err);

/* ---- judged.c: test rows that a request brings ---- */

struct test_rows {
    const char *path, *format;   /* NULL: none are given */
    struct kept kept;            /* a file made for this call, or a dataset's */
    int hold;                    /* of hold_data(), -1: none */
};
/* From test_data, test_dataset_id or test_file. test_rows_free() in any case, when no worker needs them any more. */
int test_rows(struct api *a, const cJSON *in, struct test_rows *t, struct hone_err *err);
void test_rows_free(struct api *a, struct test_rows *t);
/* {path, format} for a start frame, or null. */
cJSON *test_rows_json(const struct test_rows *t);
/* Puts test_file, with its whole path, and test_sha256 ("": not known). */
void put_asked_file(cJSON *asked, const char *file, const char *sha256);

/* ---- evaluate.c ---- */

/* evaluateTrainingResults without keeping what it found; on success row is to be freed (job_free()). NULL with err. */
cJSON *evaluate_job(struct api *a, const cJSON *in, const struct api_hooks *hooks, struct job_row *row, struct hone_err *err);

/* ---- compare.c ---- */

/* What the task compare says of these jobs (names, 2 to 10), not kept in the books. NULL with err. */
cJSON *compare_jobs(struct api *a, const cJSON *ids, const struct test_rows *t, const cJSON *in, const struct api_hooks *hooks, struct hone_err *err);

/* ---- foresee.c ---- */

struct train_config;
/* The "estimates" of a job: samples, and the duration by the speed of the jobs before, or for the first one by the size of its data and a
 * loop that is timed once (then right to a factor of ten or so). Fills total_epochs and total_steps of *p. Free with cJSON_Delete(). */
cJSON *foresee(struct store *s, const struct kept *data, const struct kept *validation, const struct train_config *config, struct job_progress *p);

/* ---- runner.c ---- */

/* A training under way: the worker, and what is to be written of it. */
struct runner {
    struct api *a;
    const struct api_hooks *hooks;
    struct worker_proc *w;
    int lock;                    /* of the job; -1: none */
    char job_id[64], agent_id[64], version_id[64];
    char tenant[64];             /* "": of the books */
    struct job_progress progress;
    double batch;                /* rows a step */
    cJSON *epochs;               /* epoch frames that are not in the books yet */
    cJSON *checkpoints;          /* checkpoint frames of the same kind */
    char *metrics, *best;        /* JSON texts of the newest */
    int64_t wrote_us;
    int64_t fence;               /* of the daemon's claim; 0: run by a command line */
    int64_t deaths;              /* of workers that ran it before */
    int64_t deadline_us;         /* monotonic time at which it is killed for having run too long; 0: none */
    int late;                    /* killed at the deadline */
    int hurry;                   /* atomic: somebody has asked for something; look into the books at once */
    int64_t rolled;              /* step whose successors are to be struck from the history; -1: none */
    int asked;                   /* a stop was sent: 1 checkpoint, 2 cancel */
    int warned;
};

/* Starts the worker with the frame. */
int runner_start(struct runner *r, const cJSON *start, struct hone_err *err);
/* The "ready" frame; NULL when the task refused, died, or was interrupted. */
cJSON *runner_ready(struct runner *r, struct hone_err *err);
/* Sends "go" and follows the job to its end, which is written into the books. 0 completed; else ERR_JOB_FAILED, ERR_CANCELLED,
 * ERR_INTERRUPTED, or what kept the books from being written. */
int runner_follow(struct runner *r, struct hone_err *err);
/* Writes that the worker died (`cause`: "signal:11") or could not be started: the job is given back to the daemon's queue, or failed when
 * that was once too often, or when no daemon runs it. Within a transaction. */
int runner_died(struct runner *r, struct store *s, const char *cause, const char *why, struct hone_err *err);
/* Gives the job back to the daemon's queue until there may be space on the disk; that is no death. Within a transaction. */
int runner_waits(struct runner *r, struct store *s, const char *why, struct hone_err *err);
/* After an end that could not be written down: whether to try again (a moment has passed then), as it must in a daemon as long as the disk
 * is full, since nobody else would end the job. */
int runner_tries_again(struct runner *r, int rc, const struct hone_err *why);
void runner_free(struct runner *r);
/* ---- resume.c ---- */

/* Runs a claimed job to the end of this run, from its newest whole checkpoint or from its start; r->fence is set. *began: the books say
 * that it runs, and runner_follow() has written its end. Else the caller writes down why it did not begin. */
int run_claimed(struct runner *r, const struct job_row *row, int *began, struct hone_err *err);

/* Columns of a job from a "ready" frame (strings are the row's). */
int ready_columns(struct job_row *row, const cJSON *ready, struct hone_err *err);

#endif
