/* Texts as a model's numbers, found once and kept: compressed sparse rows. Used by the loop and the predictor. */
#ifndef TRAIN_ENCODED_H
#define TRAIN_ENCODED_H
#include "core/base/err.h"
#include "core/base/pool.h"
#include "hone/model.h"

struct encoded {
    int64_t n;
    int64_t *start;      /* [n + 1] */
    int32_t *index;
    float *value;        /* NULL when the model gives none */
    /* Of models that write, and with answers only: rows row_start[i] .. row_start[i + 1) are those of example i. */
    int64_t *row_start;  /* [n + 1] */
    int32_t *target;     /* [rows] -1: not in the loss */
};

#define ENCODED_PIECE 256 /* texts that one call of encode() gets */

/* Encodes n texts on all threads, in pieces that do not depend on how many there are. answer: NULL, or the expected outputs for a
 * model that writes; flags: HONE_ENCODE_... On failure *e is empty. Free with encoded_free(). */
int encoded_make(struct encoded *e, const struct hone_model *model, void *self, const struct hone_string *input,
                 const struct hone_string *answer, int64_t n, uint32_t flags, struct pool *pool, struct hone_err *err);
void encoded_free(struct encoded *e);

/* A batch of rows gathered from e. The arrays grow and are reused; zero-initialise, free with batch_free(). */
struct batch {
    struct hone_bag bag;
    int64_t *start;
    int32_t *index;
    float *value;
    int64_t cap_rows, cap_pairs;
};
/* Examples row[0..n) of e. HONE_ENOMEM without a sentence. */
int batch_gather(struct batch *b, const struct encoded *e, const int64_t *row, int64_t n);
void batch_free(struct batch *b);

#endif
