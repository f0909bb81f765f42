/* What rows of scores say of their targets, for all who measure an answer's loss. Called by step.c, run_data.c and predictor.c. */
#ifndef TRAIN_NATS_H
#define TRAIN_NATS_H
#include "core/train/encoded.h"
#include "core/train/learner.h"

/* -ln of the softmax of n scores at `target`; top: kernel_highest() of them. [any, pure] */
double nats_of(const float *s, int64_t n, int64_t top, int32_t target);
/* Characters of the targets of a text, marks left out. */
int64_t nats_characters(const struct learner *l, const struct encoded *x, int64_t text);

#endif
