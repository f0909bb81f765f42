/* hone/paradigm.h: what an example teaches. A paradigm turns rows of scores into a loss and d(loss)/d(scores), may choose
 * the order of the examples, and may keep numbers of its own. The host keeps the loop: batches, threads, gradients,
 * optimizer, evaluation, checkpoints, stopping.
 * History: 0.1 first. */
#ifndef HONE_PARADIGM_H
#define HONE_PARADIGM_H
#include "hone/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HONE_CORRECT 0u
#define HONE_PARTIAL 1u
#define HONE_INCORRECT 2u

/* Rows of scores with what is known of them. A target of -1 is unknown to the model and teaches nothing. */
struct hone_rows {
    uint32_t struct_size, flags;
    int64_t n, width;
    const float *scores;      /* [n][width] */
    const int32_t *target;    /* [n] */
    const float *weight;      /* [n] >= 0; 0 leaves the row out */
    const uint8_t *feedback;  /* [n] HONE_CORRECT ... */
    const float *reward;      /* [n] metadata.reward, NaN when absent */
    const float *propensity;  /* [n] metadata.propensity, NaN when absent */
    const int64_t *example;   /* [n] which training example: counters for random draws */
    int64_t epoch, step;      /* 0 first */
    uint64_t seed;
    const double *state;      /* the paradigm's checkpointed doubles; read-only in loss() */
};
#define HONE_ROWS_TRAIN 1u /* else: a validation loss, d_scores is NULL */

/* Sums over rows; the host divides. */
struct hone_loss {
    double loss;      /* sum of weight x loss */
    double weight;    /* sum of what the mean is taken over */
};

struct hone_paradigm {
    struct hone_item item;
    const char *const *state_names; /* one a checkpointed double, NULL-terminated; NULL: none */
    /* Loss of rows and, when d_scores is not NULL, [n][width] the gradient of the SUM of losses (the host divides by the
     * batch's weight). Rows must not depend on one another: the host cuts batches into pieces. [worker pure] */
    int (*loss)(const void *conf, const struct hone_rows *, struct hone_loss *, float *d_scores, struct hone_err *);
    /* Fills order[n] with example numbers for this epoch (repeats allowed). Optional: a seeded shuffle. [main pure] */
    int (*order)(const void *conf, uint64_t seed, int64_t epoch, int64_t n, int64_t *order, struct hone_err *);
    /* After the optimizer's step, with the rows of the whole batch: updates state. Optional. [main] */
    int (*observe)(const void *conf, const struct hone_rows *, double *state, struct hone_err *);
};

#ifdef __cplusplus
}
#endif
#endif
