/* What a paradigm learns from all training rows at once, before the first step: its solve() is given the rows' inner products in the
 * model's space, and what it gives becomes the weights that training starts from, the rows that the agent keeps, and what the scores
 * of training rows are corrected by. Called while a run opens; run_start_weights() puts the weights back. */
#ifndef TRAIN_SOLVE_H
#define TRAIN_SOLVE_H
#include "core/train/run.h"

/* Lets the paradigm solve, where its plan says so; r->learner.memory and r->solved are set, no weights yet. HONE_EINVAL for a model
 * without a space, too many rows, or a frozen tensor of outputs. */
int solve_open(struct run *r, struct hone_err *err);
/* Sets the parameters that belong to outputs to what was solved, and the paradigm's state. Nothing where nothing was. */
void solve_start(struct run *r);
/* Adds what is to be added to the scores of training rows. */
void solve_correct(const struct run *r, const int64_t *row, int64_t n, float *scores);
void solved_free(struct solved *s);

#endif
