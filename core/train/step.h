/* One optimizer step over some examples, and the evaluation of the validation rows. */
#ifndef TRAIN_STEP_H
#define TRAIN_STEP_H
#include "core/train/sheet.h"

/* Buffers of steps, kept between them. Zero-initialise. */
struct stepper {
    struct run *run;
    struct batch *batch;         /* [gradient accumulation] */
    int64_t batches;
    const struct row_set *set;   /* the present step's: rows row[0..n) of it */
    const int64_t *row;
    int64_t n;
    struct row_set drawn;        /* the set, where answers are drawn, and its rows */
    int64_t *each_row;
    struct sheet sheet;          /* of these examples, once evaluated */
    int counted;                 /* loss and hits of this step were added to the run's sums */
    double loss;                 /* mean of this step */
};

int stepper_open(struct stepper *s, struct run *r, struct hone_err *err);
void stepper_close(struct stepper *s);

/* Takes one step on training rows row[0..n), updates r->state's sums and step. *norm may be NULL (see optim_step()).
 * HONE_EDIVERGED when the loss or the gradient is not finite; parameters may be spoilt then. */
int stepper_take(struct stepper *s, const int64_t *row, int64_t n, double *norm, struct hone_err *err);

/* Means over the validation rows; NaN where there are none. */
struct validation {
    double loss, accuracy, score; /* score: as hone_loss has it */
    double nats;                  /* a character of the answers; of models that write */
};
/* With the present parameters. */
int validate(struct run *r, struct validation *v, struct hone_err *err);

#endif
