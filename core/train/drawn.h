/* Answers that a model which writes draws itself while it is trained, each with its reward: hone_plan.draws. What is drawn depends on the
 * weights, the seed, the step and the example alone. Not the paradigm's loss. Called by run.c and step.c. */
#ifndef TRAIN_DRAWN_H
#define TRAIN_DRAWN_H
#include "core/train/run.h"

/* Finds the metric that the plan names; nothing without draws. HONE_EINVAL for one that cannot compare two texts, or of which less is
 * better. Free r->reward with drawn_close(). */
int drawn_open(struct run *r, struct hone_err *err);
void drawn_close(struct run *r);
/* Keeps what answers are drawn to and compared with: texts input[s->n] and answer[s->n], which are copied. `which` names the set in a
 * sentence. HONE_EINVAL for an input that leaves no room for an answer. */
int drawn_keep(struct run *r, struct row_set *s, const struct hone_string *input, const struct hone_string *answer, const char *which,
               struct hone_err *err);
/* *to becomes answers to examples row[0..n) of `from`, written with the present weights over the passes of evaluations: plan.draws to
 * each, or one, the likeliest, unless `train`. Free with row_set_free(), also after a failure. [main] */
int drawn_make(struct run *r, const struct row_set *from, const int64_t *row, int64_t n, int train, struct row_set *to, struct hone_err *err);

#endif
