/* What a paradigm makes of a run (struct hone_plan): its phases, and the kept copies of the weights whose scores the paradigm
 * sees (references). Knows no paradigm. Called by run_open(), the loop and the stepper. */
#ifndef TRAIN_PLAN_H
#define TRAIN_PLAN_H
#include "core/train/run.h"

/* Asks the paradigm and checks its answer; fills r->plan. Before the data are read, once r->writes is known. */
int plan_open(struct run *r, struct hone_err *err);
/* Once the tensors are allocated: sets all weights to what training starts from, and the first phase up. */
int plan_start(struct run *r, struct hone_err *err);
/* The epochs and steps of the present phase. */
int64_t plan_epochs(const struct run *r);
int64_t plan_steps(const struct run *r);
/* The learning rate of a step of the present phase; both counted from the start of the run. */
double plan_rate(const struct run *r, int64_t step, int64_t epoch);
/* Whether the present phase is at its end: by its epochs or by early stopping. */
int plan_phase_over(const struct run *r);
/* From the end of a phase to the start of the next one. 1 when there is a next one, 0 when the run is over. */
int plan_next(struct run *r, struct hone_err *err);
/* Before a step: takes the copies that are due at it. */
int plan_refresh(struct run *r, struct hone_err *err);
/* Optimizer state, schedule, averages and early stopping of the present phase as at its start; after r->state was set. */
void plan_begin(struct run *r);
/* Sets reference i to a copy of param (NULL: the present weights). */
int plan_keep(struct run *r, uint32_t i, float *const *param, struct hone_err *err);
/* Before a step: marks the tensors that stand still in it (TENSOR_HELD). */
void plan_hold(struct run *r);
/* After base_take(): what the plan asks of a base. HONE_EINVAL when there is none, or not of the kind. */
int plan_base(struct run *r, int based, struct hone_err *err);
/* Gives up the weights of a reference. */
void plan_drop(struct run *r, uint32_t i);

#endif
