/* Confidence of an agent that was trained on all rows: each part of the rows is answered by a run of the same configuration on the other
 * parts. Not the training itself. Called by the task train. */
#ifndef WORKER_FOLDS_H
#define WORKER_FOLDS_H
#include "core/train/run.h"
#include "core/worker/task.h"

/* Fills r->calibration as config.calibrationFolds asks; nothing when it is 0, rows were held out, or targets are no right answers. 1 when
 * the task was asked to stop meanwhile; r is then as before. [main] */
int folds_calibrate(struct task *t, struct run *r, const struct run_files *files, const char *dir, struct hone_err *err);

#endif
