/* The training loop: epochs of steps, evaluation, best weights, early stopping, checkpoints, divergence, time budget.
 * Speaks to its caller through hooks; knows no plugin by name. */
#ifndef TRAIN_LOOP_H
#define TRAIN_LOOP_H
#include "core/train/checkpoint.h"
#include "core/train/run.h"

enum loop_stop { LOOP_GO, LOOP_STOP_CHECKPOINT, LOOP_STOP_CANCEL };

struct loop_progress {
    int64_t epoch, step, total_steps, tokens;  /* epoch: the present one, 1 first */
    double loss;                               /* mean of the present epoch so far */
    double rate, norm, examples_per_second;
};

/* One evaluation. Values that do not exist are NaN. */
struct loop_epoch {
    int64_t epoch, step, tokens;
    double loss, accuracy, valid_loss, valid_accuracy, rate, norm, examples_per_second, elapsed_ms;
    double score, valid_score;   /* what the paradigm calls score_name; NULL: nothing */
    const char *score_name;
    double nats;                 /* nats a character of the validation answers; of models that write */
    int64_t phase;               /* 1 first */
    int best;
};

struct loop_hooks { /* one that is NULL is not called */
    void *arg;
    void (*beat)(void *arg);                                    /* after each step; cheap */
    int (*progress)(void *arg, const struct loop_progress *);   /* at most 10 a second; these return < 0 to end the run */
    int (*epoch)(void *arg, const struct loop_epoch *);
    /* A checkpoint is durable; kind "interval" or "interrupt"; `removed` (or NULL) names one that it replaced, whose file is whoever listens
     * to remove when nothing refers to it any more. */
    int (*checkpoint)(void *arg, const struct checkpoint_done *, const char *kind, const char *removed);
    int (*rolled_back)(void *arg, int64_t step);                /* what was told of steps above this one is void */
    enum loop_stop (*stop)(void *arg);                          /* asked 50 times a second */
    int64_t pause_at;                                           /* step after which the run pauses with a checkpoint; 0: none */
    void (*warn)(void *arg, const char *text);
};

struct loop_result {
    const char *status;        /* "completed", "paused", "cancelled" */
    const char *stop_reason;   /* "max_epochs", "early_stopping", "time_budget", "cancelled"; NULL when paused */
    struct loop_epoch last;    /* the newest evaluation of this call; epoch 0 when there was none */
    int64_t served_epoch;      /* whose weights are kept */
    double seconds;            /* of this call */
};

/* Seconds of one step, from steps on some rows that are undone again; -1 when they failed. HONE_EINVAL when the paradigm refuses the
 * rows: the run is then to be closed. */
int loop_probe(struct run *r, double *seconds, struct hone_err *err);
/* Trains from r->state on. Checkpoints go to dir; `resumed_from` (or NULL) is the file there that r was loaded from, `older` ("" or NULL: none) the one before.
 * HONE_EDIVERGED after three divergences. The caller then writes the weights by loop_weights(). */
int loop_train(struct run *r, const char *dir, const char *resumed_from, const char *older, const struct loop_hooks *hooks,
               struct loop_result *result, struct hone_err *err);
/* Writes the weights to be served (the best ones, when they are kept) to dir/weights.safetensors. */
/* The weights that a trained run serves: the best, the averaged, or (NULL) the present ones. *ret below 0: memory ran out. */
float **loop_served(struct run *r, int *ret, struct hone_err *err);
/* Writes a checkpoint of a run that loop_train() has brought to its end, as an interruption does, and tells of it. */
int loop_interrupt(struct run *r, const char *dir, const struct loop_hooks *hooks, struct hone_err *err);
int loop_weights(struct run *r, const char *dir, char sha256[65], int64_t *bytes, struct hone_err *err);

#endif
