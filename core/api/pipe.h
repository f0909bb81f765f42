/* Pipelines: steps that call functions of core/api/function.h in the order of their needs, with conditions on results. What the files of
 * pipe_*.c and sweep.c share; pipelines.c has the functions of the API. Private to core/api.
 *
 * A run is in the books from its beginning, with its whole definition and a row for each part of each step. One thread at a time drives it
 * (pipe_drive()): a command line that holds the run's lock, or a thread of the daemon. What a step has done and that it has done so are one
 * transaction (api_call.also), except where docs/pipelines.md says otherwise; trainings are jobs whose id the step knows before the job is made.
 * So a run that is killed at any moment goes on where it was. */
#ifndef API_PIPE_H
#define API_PIPE_H
#include "core/api/daemon_priv.h"
#include "core/api/expr.h"
#include "core/store/pipeline.h"

#define PIPE_STEPS 64
#define PIPE_PARTS 200     /* of one matrix */
#define PIPE_RETRIES 10

/* ---- kinds of steps: pipe_kinds.c ---- */

enum pipe_param_type { PIPE_PLAIN, PIPE_ROWS, PIPE_FILE };

/* A parameter of a step that has a shorter name than the member of the function's request that it fills. */
struct pipe_param {
    const char *name;
    enum pipe_param_type type; /* PIPE_ROWS: a file, or the id of a dataset or module; PIPE_FILE: a file */
    const char *path;          /* of the member: "training_data.file" */
    const char *dataset, *module; /* of PIPE_ROWS: where such ids go; NULL: they cannot be given */
    const char *doc;
};

#define PIPE_CACHED 1u     /* its result is a function of its inputs: it is not run again when they are the same */
#define PIPE_TRAINS 2u     /* makes a job */
#define PIPE_BOOKED 4u     /* the function writes the outcome with what it does */

struct pipe_kind {
    const char *name, *function; /* function NULL: none is called */
    unsigned flags;
    const struct pipe_param *params; /* ends with a NULL name */
    const char *doc;
};
extern const struct pipe_kind pipe_kinds[]; /* ends with a NULL name */
/* A key that every step has. */
struct pipe_key {
    const char *name, *kind, *doc; /* kind NULL: of all */
};
extern const struct pipe_key pipe_keys[];

const struct pipe_kind *pipe_kind_find(const char *name);
const struct pipe_param *pipe_param_find(const struct pipe_kind *kind, const char *name);
/* Whether a key of the definition is one of all steps, or of gates. */
int pipe_key_known(const struct pipe_kind *kind, const char *name);
/* The request to the function from parameters whose expressions are filled in; a relative file is one of `dir`. Values that are null or an empty text,
 * also in a group, are left out. cJSON_Delete(). */
cJSON *pipe_request(const struct pipe_kind *kind, const cJSON *params, const char *dir);
/* The tables as docs/pipelines.md has them (free()). */
char *pipe_markdown(void);

/* ---- a definition that was checked: pipe_check.c ---- */

struct pipe_step {
    const char *name;
    const struct pipe_kind *kind;
    const cJSON *def;
    cJSON *parts;              /* list of objects, each to be laid over the step's parameters; one {} without a matrix */
    int n_parts, matrix;
    int need[PIPE_STEPS], n_needs;
    uint64_t before;           /* bit i: step i is needed, through others too */
    int first;                 /* seq of its first part */
    int depth;                 /* 0: needs nothing */
};

struct pipe_plan {
    cJSON *def;                /* {name, description, parameters, required, steps, directory} */
    struct pipe_step step[PIPE_STEPS];
    int n, rows;               /* rows: of all parts */
};

/* Checks a definition (taken) whole. Faults (at most 100) go to `faults` as {path, file, line, message, fix}; lines and file (NULL: none) say where a
 * value stands. 0, or HONE_EINVAL naming the first. pipe_plan_free() in both cases. */
int pipe_plan_make(struct pipe_plan *p, cJSON *def, const cJSON *lines, const char *file, cJSON *faults, struct hone_err *err);
void pipe_plan_free(struct pipe_plan *p);
/* Parameters of a part of a step: those of the step with those of the part laid over them, without the keys of all steps. cJSON_Delete(). */
cJSON *pipe_params(const struct pipe_step *step, int part);

/* ---- where definitions come from: pipe_read.c ---- */

/* The definition that a name of `hone pipeline list` or (with `local`) a file has: *lines, *file (free()). NULL with err. */
cJSON *pipe_read(const char *name, int local, cJSON **lines, char **file, struct hone_err *err);
/* Lays given parameters over those of the definition, of the same type each; faults are appended. */
int pipe_give(cJSON *def, const cJSON *given, cJSON *faults, struct hone_err *err);

/* ---- runs: pipe_run.c, pipe_step.c, pipe_cache.c, sweep.c ---- */

struct pipe_run {
    struct api a;              /* acts as the run's tenant */
    struct api_call call;      /* of ours, for access to the books */
    struct run_row row;
    struct pipe_plan plan;     /* of a pipeline */
    struct step_list steps;
    const struct api_hooks *hooks;
    struct api_hooks inner;    /* of the functions that it calls */
    pthread_mutex_t look;      /* looked_us, cancelled; one event at a time */
    int lock;                  /* of the run; -1: none */
    char identity[65];         /* of program and plugins; "" until it is needed */
    int64_t begun_us, looked_us;
    int cancelled;
    int workers;               /* trainings at once without a daemon */
};

/* Opens a run that is in the books, as whoever began it. On failure r is closed. */
int pipe_open(struct pipe_run *r, const struct api *like, const char *id, const struct api_hooks *hooks, struct hone_err *err);
void pipe_close(struct pipe_run *r);
/* Drives it to its end: 0 completed, ERR_JOB_FAILED when a step failed, ERR_CANCELLED; ERR_INTERRUPTED when its driver was asked to rest (the run is
 * paused, or in a daemon stays running for the next one), or what kept the books from being written. */
int pipe_drive(struct pipe_run *r, struct hone_err *err);
int sweep_drive(struct pipe_run *r, struct hone_err *err);
/* Checks a sweep's definition: as pipe_plan_make(), which the definition is not taken by. */
int sweep_check(const cJSON *def, const cJSON *lines, const char *file, cJSON *faults, struct hone_err *err);

/* Writes down how the run ended, or that it rests; `result` is taken. */
int pipe_finish(struct pipe_run *r, enum run_status status, cJSON *result, const struct hone_err *why, struct hone_err *err);
/* Ends the driving because somebody asked for it: ERR_CANCELLED, or ERR_INTERRUPTED. */
int pipe_rest(struct pipe_run *r, struct hone_err *err);
/* Writes a row of a step and tells the hooks. */
int pipe_note(struct pipe_run *r, struct step_row *row, struct hone_err *err);
void pipe_tell(struct pipe_run *r, const struct step_row *row);
/* What whoever drives the run is to do: also looks into the books whether it was cancelled. */
enum api_wish pipe_wish(struct pipe_run *r);
/* Calls a function as the run. `also` and job_id as in struct api_call, or NULL. The data, or NULL with err. */
cJSON *pipe_call(struct pipe_run *r, const char *function, cJSON *in, const struct api_call *more, struct hone_err *err);
/* Waits a moment for jobs of a daemon. */
void pipe_wait(struct pipe_run *r);
/* Starts the job of a step, whose job_id is set and in the books, or goes on with it; in a command line to its end. 1 the job has ended (completed:
 * *job, cJSON_Delete()), 0 it runs in the daemon's queue or waits for another job of its agent, or a negative code. */
int pipe_train(struct pipe_run *r, struct step_row *row, const cJSON *request, cJSON **job, struct hone_err *err);
/* Runs a part whose needs are done. 1 its row has a final status, 0 it goes on, or a negative code for what ends the driving. */
int pipe_step_run(struct pipe_run *r, int step, struct step_row *row, struct hone_err *err);
/* The value of a name in expressions of a step's part (for struct expr_names with arg of this type). */
struct pipe_scope {
    const struct pipe_run *r;
    int step, part;
    cJSON *made;               /* values that were made for it; list */
};
const cJSON *pipe_value(void *arg, const char *name, struct hone_err *err);

/* The hash of all that the step's result depends on, "" for what is always run. */
int pipe_inputs(struct pipe_run *r, const struct pipe_kind *kind, const cJSON *request, char hex[65], struct hone_err *err);
/* The result of an earlier run of the same inputs whose files are still what they were: 1 with it in *row, 0. */
int pipe_take_same(struct pipe_run *r, const struct pipe_kind *kind, struct step_row *row, struct hone_err *err);
/* Puts active_job_id, the job whose version answers for the agent now, and was_deployed, whether its own version ever did, into the result of a
 * training. */
int pipe_put_active(struct pipe_run *r, cJSON *result, struct hone_err *err);

/* A run as getPipelineRun shows it. */
cJSON *pipe_run_json(const struct run_row *row, const struct step_list *steps, int results);
/* The lock of a run: a descriptor, or ERR_CONFLICT while another process drives it. */
int pipe_lock(const struct api *a, const char *id, struct hone_err *err);

#endif
