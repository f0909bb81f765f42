/* One pass of a model over a batch: the operations that the host lends to it, the memory of the pass, and the gradients
 * that come out. Not the loop and not the optimizer. Used by the loop, by evaluation and by the predictor. */
#ifndef TRAIN_PASS_H
#define TRAIN_PASS_H
#include "core/base/err.h"
#include "core/base/pool.h"
#include "core/train/tensors.h"
#include "hone/model.h"

/* The rows of a sparse tensor that a step touched, and what each one's gradient is the sum of; of narrow rows the sum itself. */
struct touched {
    int64_t n;
    int32_t *row;               /* [n] in the order of their first appearance */
    float *sum;                 /* [n][width] gradients of narrow rows, else NULL; then there are no lists */
    int64_t *start;             /* [n + 1] into src, value */
    const float **src;          /* rows of deltas */
    float *value;
    int32_t *place;             /* scratch: for each pair of the requests, 1 + the place of its row */
    int32_t *mark;              /* [rows of the tensor] zero between steps */
    int64_t cap_rows, cap_pairs, cap_sum;
};

struct passes {
    struct hone_pass pass;      /* handed to the model; the caller sets in, rows, width, flags, seed, scores, d_scores */
    struct pool *pool;
    struct tensors *tensors;
    float **grad;               /* [tensors] dense gradients; NULL for sparse and frozen ones and without training */
    struct touched *touched;    /* [tensors] */
    struct grad_request {
        uint32_t tensor;
        struct hone_bag bag;
        const float *delta;
        int64_t width;
    } *request;
    int64_t requests, cap_requests;
    struct scratch_block {
        struct scratch_block *next;
        size_t cap, used;
    } *scratch;
    int out_of_memory;
};

/* For training when `train`, else for forward passes only. Borrows pool and tensors. */
int passes_open(struct passes *p, struct pool *pool, struct tensors *tensors, const struct hone_host *host, int train,
                struct hone_err *err);
void passes_close(struct passes *p);

/* Forgets the scratch and the requests of the last step and zeroes the dense gradients. */
void passes_begin(struct passes *p);
/* Forgets the scratch alone, when nothing of it is needed any more; kept where a sparse gradient may still read it. */
void passes_release(struct passes *p);
/* Scratch until the next passes_begin(); NULL when memory ran out. */
void *passes_scratch(struct passes *p, size_t bytes);
/* Runs the model over the batch that p->pass describes; a model's failure is passed on. */
int passes_forward(struct passes *p, const struct hone_model *model, void *self, struct hone_err *err);
int passes_backward(struct passes *p, const struct hone_model *model, void *self, struct hone_err *err);
/* After all backward passes of a step: multiplies every gradient by `scale` and lists the touched rows of the sparse
 * tensors. */
int passes_collect(struct passes *p, float scale, struct hone_err *err);

#endif
