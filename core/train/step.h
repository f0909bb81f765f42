/* One optimizer step over some examples, and the evaluation of the validation rows. */
#ifndef TRAIN_STEP_H
#define TRAIN_STEP_H
#include "core/train/run.h"

/* Buffers of steps, kept between them. Zero-initialise. */
struct stepper {
    struct run *run;
    struct batch *batch;         /* [gradient accumulation] */
    int64_t batches;
    const int64_t *row;          /* examples of the present step */
    int64_t n;
    int counted;                 /* loss and hits of this step were added to the run's sums */
    double loss;                 /* mean of this step */
};

int stepper_open(struct stepper *s, struct run *r, struct hone_err *err);
void stepper_close(struct stepper *s);

/* Takes one step on training rows row[0..n), updates r->state's sums and step. *norm may be NULL (see optim_step()).
 * HONE_EDIVERGED when the loss or the gradient is not finite; parameters may be spoilt then. */
int stepper_take(struct stepper *s, const int64_t *row, int64_t n, double *norm, struct hone_err *err);

/* Mean loss and accuracy of the validation rows with the present parameters; NaN when there are none. */
int validate(struct run *r, double *loss, double *accuracy, struct hone_err *err);

#endif
