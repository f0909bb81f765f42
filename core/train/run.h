/* A training run in memory: examples as numbers, plugins with their settings, and the counters of the loop.
 * run_open() makes it from files and configuration; loop.h runs it; checkpoint.h saves it. */
#ifndef TRAIN_RUN_H
#define TRAIN_RUN_H
#include <cjson/cJSON.h>
#include "core/base/pool.h"
#include "core/data/examples.h"
#include "core/host/registry.h"
#include "core/train/base.h"
#include "core/train/config.h"
#include "core/train/encoded.h"
#include "core/train/learner.h"
#include "core/train/optim.h"
#include "core/train/pass.h"
#include "core/train/replay.h"
#include "core/train/schedule.h"
#include "core/train/stopper.h"
#include "hone/metric.h"
#include "hone/paradigm.h"

/* Examples of one side of the split, as columns; entry i is the i-th row of that side. */
struct row_set {
    int64_t n, each;            /* each: texts of x that an example has, text k of example i being i * each + k: 1, of pairs 2, of drawn answers more */
    struct encoded x;
    int32_t *target;            /* number of the output, -1 when the model does not know it */
    float *weight;
    uint8_t *feedback;
    float *reward, *propensity; /* NaN when absent; NULL when no row has one */
    int32_t *tokens;            /* words of the input; of models that write tokens of the whole */
    int64_t characters;         /* of the answers, as far as they are encoded; models that write only */
    float *text_reward;         /* [n * each] of answers that were drawn (drawn.h), else NULL */
    int64_t *example;           /* [n] the training examples that they answer, else NULL */
    struct encoded asked;       /* of plans that draw answers: the inputs alone */
    struct hone_string *expected; /* [n] what the answers are compared with, in `texts`; else NULL */
    struct arena texts;
};

/* What rewards drawn answers; metric NULL: nothing. */
struct reward {
    const struct hone_metric *metric;
    void *conf;
    double *state;
    int64_t states;
};

/* Counters that checkpoints keep. */
struct run_state {
    int64_t epoch;              /* complete epochs */
    int64_t step;               /* optimizer steps */
    int64_t at;                 /* examples of the present epoch that were consumed */
    int64_t tokens;             /* input tokens consumed */
    int64_t divergences;
    int64_t phase;              /* of the plan */
    int64_t phase_epoch, phase_step; /* epoch and step when it began */
    double loss_sum, loss_weight, score_sum, scored, hits, counted; /* of the present epoch */
    double elapsed_ms;          /* when the checkpoint was made */
    double best[4];             /* loss, accuracy, validation loss and accuracy of the best epoch */
};

/* What was found on held-out rows: see calibration.h. */
struct calibration {
    double temperature;         /* scores are divided by it before the softmax */
    double threshold;           /* less sure answers are refused; 0: none */
    double target;              /* precision that was asked for; 0: none */
    double precision, coverage; /* of the answers that are not refused, and their share of the rows */
    double ece_before, ece_after;
    int64_t rows, folds;        /* 0 rows: nothing was found; 0 folds: validation rows */
    int reached;                /* the target, or none was asked for */
};

/* What the paradigm solved for before the first step: see solve.h. weight NULL: nothing. */
struct solved {
    int64_t head, biased;       /* tensors of outputs, -1: none */
    float *weight, *bias;       /* what the first starts from; [outputs] what the second does */
    float *correction;          /* [training rows][outputs] */
    double *state;              /* of the paradigm */
};

struct run {
    struct train_config config;
    struct registry *registry;
    struct pool *pool;
    struct row_set train, valid;
    struct learner learner;
    struct start start;         /* where training from a base begins; n 0 without one */
    struct solved solved;
    struct learner_choice choice;
    int writes;                 /* the model writes answers token by token */
    const struct hone_paradigm *paradigm;
    void *paradigm_conf;
    double *paradigm_state;
    int64_t n_paradigm_state;
    struct hone_plan plan;
    struct reward reward;
    float **reference[HONE_REFERENCES]; /* each [tensors], NULL while it has no weights */
    struct optim optim;
    struct schedule schedule;
    struct passes passes, eval_passes;
    struct stopper stopper;
    struct run_state state;
    float **served;             /* [tensors] weights that are evaluated and served, where they are not the parameters; else NULL */
    float **average;            /* [tensors] averaged weights, NULL until there are some */
    int64_t averaged;           /* what they are the average of */
    float **best;               /* [tensors] copies of the best weights, NULL until there are some */
    int64_t steps_per_epoch, total_steps;
    int64_t examples;           /* of the file, before the split */
    cJSON *plugins;             /* [{kind, name, version, path, sha256}] */
    cJSON *resolved;            /* configuration with every setting of every plugin */
    cJSON *notes;               /* strings: what the user should know of the data */
    void (*beat)(void *arg);
    void *beat_arg;
    int64_t memory_bytes;       /* estimate: tensors, state, examples, passes of models that write */
    int64_t pass_bytes;         /* the last of these: gradients, activations and scores of a batch of the longest examples */
    struct calibration calibration;
};

struct run_files {
    const char *data, *validation;   /* validation may be NULL */
    enum data_format format;
    const struct examples *rows;     /* copied in place of what is in the file `data`, which then only names them; NULL: the file is read */
    int64_t folds, fold;             /* folds > 0: part `fold` of so many is held out, instead of validationSplit */
    double thin;                     /* > 0: this share of the training rows alone, of draw `draw` (split_thin()) */
    uint32_t draw;
    int single_output;               /* one example, or one distinct output, may be all that is taught */
    struct past past;                /* what the base was trained on; path NULL: not known */
    const char *base, *base_kind, *base_name; /* file of the base, what it is (base_open()), its name for people; NULL: none */
    void (*beat)(void *arg);         /* a sign of life, after each stage of run_open() and each batch of an evaluation */
    void *beat_arg;
};

/* Reads, checks, splits, fits the model, encodes, allocates. Writes nothing. *stage (may be NULL) says what it was doing when it
 * failed. On failure r is empty. Takes what is in `config`. */
int run_open(struct run *r, struct train_config *config, const struct run_files *files, struct registry *registry,
             struct pool *pool, const char **stage, struct hone_err *err);
void run_close(struct run *r);
/* Forgets the best and the averaged weights. */
void run_drop_kept(struct run *r);

/* The weights that are evaluated and served at present: r->served, made anew, or NULL when they are the parameters. A code below 0
 * in *ret when memory ran out. */
float **run_serve(struct run *r, int *ret, struct hone_err *err);
/* First values of parameters, optimizer state and counters, as run_open() left them. HONE_ENOMEM only. */
int run_restart(struct run *r, struct hone_err *err);
/* Sets the parameters to what training starts from. */
void run_start_weights(struct run *r);
/* What the "ready" frame says, without the probe of speed. */
cJSON *run_describe(const struct run *r);

/* ---- run_data.c ---- */

/* Fills train and valid but for x (texts are still in `data`): texts of row i of train are train_text[i]. */
struct run_texts {
    struct hone_string *train, *valid;
    struct hone_string *train_answer, *valid_answer; /* of models that write, else NULL */
    struct hone_string *train_rejected, *valid_rejected; /* of plans of pairs, else NULL */
    struct hone_string *output;
    int64_t outputs;
    struct examples data, validation, replayed;
    struct arena words;         /* texts of the rows that were made of outputs */
};
/* Adds a training row for each output that has words, as hone_plan.output_weight asks for. *made gets their number. HONE_ENOMEM
 * without a sentence; the rows are then unchanged. */
int run_add_outputs(struct run *r, struct run_texts *t, int64_t *made);
/* base: the learner that training starts from, whose outputs may be kept; or NULL. */
int run_read(struct run *r, const struct run_files *files, const struct learner *base, struct run_texts *t, struct hone_err *err);
void run_texts_free(struct run_texts *t);
/* Counts the characters of the answers as the model encoded them, and notes how many of `which` answers lost their ends to its context;
 * rejected: those of pairs, or NULL. */
void run_count_answers(struct run *r, struct row_set *s, const struct hone_string *answer, const struct hone_string *rejected, const char *which);
void row_set_free(struct row_set *s);

/* ---- run_plugins.c ---- */

/* Optimizers with their settings blocks, each block owned: once as it is and once without weight decay. */
struct run_chosen {
    const struct hone_optimizer *optimizer, *inner; /* inner: what the optimizer wraps, or NULL */
    void *conf, *no_decay, *inner_conf, *inner_no_decay;
};
void run_chosen_free(struct run_chosen *c);

/* ---- optim_names.c ---- */

/* The plugin that "LIBRARY:NAME" stands for, and the options in which the library's defaults differ (JSON). Any other name is
 * returned as it is, with NULL for options. NULL with err for a name that the library does not have. */
const char *optimizer_alias(const char *name, const char **options, struct hone_err *err);
/* All of them as [{"name", "item", "options"}], the options as an object. Free with cJSON_Delete(). */
cJSON *optimizer_aliases(void);

/* ---- run_tensors.c ---- */

/* Checks freezeLayers and tensorOptions and marks frozen tensors; before optim_open(). */
int run_freeze(struct run *r, struct hone_err *err);
/* Gives tensors that have them settings of their own; after optim_open(). */
int run_tensor_options(struct run *r, struct hone_err *err);

/* ---- run_plugins.c ---- */

/* Finds paradigm, optimizer and schedulers and fills their settings blocks. On failure *c may be half full. */
int run_plugins(struct run *r, struct run_chosen *c, struct hone_err *err);
/* Adds one line to r->plugins. */
void run_note_plugin(struct run *r, const struct hone_item *item, const struct registry_plugin *from);
/* Puts a plugin's settings under `key` of r->resolved. */
void run_note_settings(struct run *r, const char *key, const struct hone_item *item, const void *conf);

#endif
