/* Rows that an agent keeps: nearest neighbours whose votes are added to its scores. The vectors are the model's (hone/model.h,
 * features()), the formula is in hone/paradigm.h at struct hone_solution. Made by solve.c, saved and restored with the learner,
 * asked wherever scores are made; not for training rows, whose share solve.c keeps. */
#ifndef TRAIN_MEMORY_H
#define TRAIN_MEMORY_H
#include "core/train/encoded.h"
#include "core/train/pass.h"
#include "core/train/safetensors.h"
#include "hone/model.h"

struct memory {
    int64_t n, width, space;     /* rows, outputs, numbers of a vector */
    int64_t *start;              /* [n + 1] */
    int32_t *index;              /* ascending in a row, none twice */
    float *value;                /* of vectors of length 1, or without any number */
    int32_t *target;             /* [n] -1: no vote */
    float *vote;                 /* [n] */
    double neighbours, sharpness;
    int64_t *post;               /* [space + 1] the same pairs by index, rows ascending */
    int32_t *post_row;
    float *post_value;
    float *votes;                /* [width] sums */
};

/* Vectors of the rows of x, shortened to length 1; length[n] gets what they had. Votes are zero, no row has a target. NULL with err,
 * also when the model's vectors are not finite. Free with memory_free(). [main] */
struct memory *memory_new(struct passes *p, const struct hone_model *model, void *self, const struct encoded *x, int64_t width, double *length,
                          struct hone_err *err);
void memory_free(struct memory *m);
/* After target, vote, neighbours and sharpness were set. */
void memory_seal(struct memory *m);
/* dot[n]: the inner products of row i with all rows. [any] */
void memory_dots(const struct memory *m, int64_t i, float *dot);
/* Adds the neighbours' term to p->pass.scores, of the batch that the pass describes, by the weights that it names. NULL m: nothing.
 * [main] */
int memory_add(const struct memory *m, struct passes *p, const struct hone_model *model, void *self, struct hone_err *err);

/* Entries memory.* of a weights file; the data is borrowed. Nothing for NULL. */
int memory_save(const struct memory *m, struct st_file *f, struct hone_err *err);
/* *out stays NULL when the file has none. space: of the model's vectors, which no index reaches. ERR_CORRUPT when they do not fit together or
 * the model has no vectors. */
int memory_restore(struct memory **out, const struct st_file *f, const struct hone_model *model, int64_t space, int64_t width, struct hone_err *err);

#endif
