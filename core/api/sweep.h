/* A sweep's definition, read and checked: what sweep.c drives. Private to core/api. */
#ifndef API_SWEEP_H
#define API_SWEEP_H
#include "core/api/pipe.h"
#include "core/api/pipe_faults.h"
#include "core/api/search.h"

enum sweep_search { SWEEP_GRID, SWEEP_RANDOM, SWEEP_TPE };

struct sweep {
    const char *agent, *objective;
    enum sweep_search search;
    int64_t trials, seed;
    int batch, startup, refit, deploy, lower; /* lower: a lower objective is better */
    double seconds, holdout;   /* seconds 0: no limit */
    const cJSON *config, *start; /* may be NULL */
    struct search_space space;
    char keys[SEARCH_DIMS][96]; /* "optimizerOptions.beta1" */
    struct search_asha asha;
};

struct sweep_key {
    const char *name, *dflt, *doc;
};
extern const struct sweep_key sweep_keys[]; /* ends with a NULL name */

/* Fills w, which borrows from def. Faults are noted in f; w is usable when f->n stays 0. */
void sweep_read(struct sweep *w, const cJSON *def, struct pipe_faults *f);
/* The configuration of a point: the sweep's own with the point's values over it. cJSON_Delete(). */
cJSON *sweep_config(const struct sweep *w, const double *x);
/* Lays training keys over others, under their canonical names. */
void sweep_lay(cJSON *config, const cJSON *over);
/* Puts a value under a key that may have a dot. `value` is taken. */
void sweep_put(cJSON *config, const char *key, cJSON *value);
/* The table of keys as docs/pipelines.md has it (free()). */
char *sweep_markdown(void);

/* ---- a sweep under way ---- */

#define SWEEP_HELPER ".sweep" /* behind the agent's name and before a number: an agent that trials belong to */
#define SWEEP_ROWS_STEPS 2   /* steps before the first trial */

struct driving {
    struct pipe_run *r;
    struct sweep w;
    char agent[256];           /* its name */
    char rows_id[64], test_id[64];
    int batch;                 /* number of the last one; -1: none yet */
    size_t from, to;           /* its rows in r->steps */
    size_t next;               /* atomic: of the batch, for workers */
    int64_t deadline_us;       /* 0: none */
};

/* sweep_rows.c. A new step at the end, which may move all rows; NULL when memory ran out. */
struct step_row *sweep_add_row(struct pipe_run *r, const char *name, int part, const char *kind);
/* The step of that name, made when there is none. */
struct step_row *sweep_row_named(struct pipe_run *r, const char *name, const char *kind);
/* Ends a step; result NULL leaves what is there. */
void sweep_end(struct step_row *row, enum step_status status, const cJSON *result, const char *reason);
int sweep_is_trial(const struct step_row *row);
int sweep_ended(const struct step_row *row);
/* api_call.also with the row as its argument: the step has ended with these data. */
int sweep_write(void *arg, struct store *s, const cJSON *data, struct hone_err *err);
/* The datasets of the search and of the test, made on the first call: d->rows_id and ->test_id. */
int sweep_take_rows(struct driving *d, struct hone_err *err);

#endif
