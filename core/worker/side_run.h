/* A training beside the job's own: the same configuration and loop on other rows, in memory alone, of which only the answers to the rows
 * that it holds out are kept. Called by folds.c and subsets.c. */
#ifndef WORKER_SIDE_RUN_H
#define WORKER_SIDE_RUN_H
#include "core/train/calibration.h"
#include "core/train/run.h"
#include "core/worker/task.h"

struct side_run {
    struct run_files files;   /* which rows; its base, folds and thinning as run_open() takes them */
    const char *dir;          /* where a loop may write; side runs make no checkpoints */
    const char *what;         /* put before warnings: "calibration" */
    int blind;                /* the rows that are held out do not choose the epoch; training rows stand in, as in a job without any */
    int unknown;              /* rows whose output the run was not taught are wanted, too */
};

/* Trains with the start frame's `config` and adds the scores of the held-out rows to h. *rows (may be NULL) gets the number of training
 * rows. 1 when the task was asked to stop meanwhile; the run is then given up. [main] */
int side_run_answers(struct task *t, const struct side_run *s, struct held_rows *h, int64_t *rows, struct hone_err *err);

#endif
