/* Averages of the weights over steps or epochs, which are evaluated and served in their place: the exponential moving average (Polyak &
 * Juditsky, 1992) and stochastic weight averaging (Izmailov et al., 2018, "Averaging weights leads to wider optima and better
 * generalization"). Called by the loop; the average lies in struct run and in checkpoints. */
#ifndef TRAIN_AVERAGE_H
#define TRAIN_AVERAGE_H
#include "core/train/run.h"

/* After each step: average += (1 - averagingDecay) (weights - average), from the first step's weights on. */
int average_step(struct run *r, struct hone_err *err);
/* After each epoch from the share averagingStart of all steps on: the mean of the weights then. */
int average_epoch(struct run *r, struct hone_err *err);

#endif
