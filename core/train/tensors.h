/* The parameters of a model: declared by it, allocated, initialised and owned here. */
#ifndef TRAIN_TENSORS_H
#define TRAIN_TENSORS_H
#include "core/base/err.h"
#include "core/base/pool.h"
#include "hone/model.h"

#define TENSOR_DIMS 4
#define TENSOR_HELD (UINT32_C(1) << 31) /* in tensor.flags: not trained in this step */

struct tensor {
    char name[64];
    uint32_t ndim, init, flags;      /* HONE_INIT_..., HONE_W_... */
    int64_t dims[TENSOR_DIMS];
    int64_t n, rows, width;          /* elements; first dimension, elements a row (1-d: n rows of 1) */
    double scale;
    float *param;                    /* [n] */
};

struct tensors {
    int64_t n;
    struct tensor *t;                /* [n] */
    int64_t total;                   /* elements of all */
    int64_t width;                   /* of a row of scores */
    float **param;                   /* [n], as a pass wants them */
    char *map;                       /* a file that params may lie in, owned; NULL: none */
    size_t map_bytes;
};

/* Asks the model for its tensors; allocates nothing of their size. On failure *ts is empty. */
int tensors_declare(struct tensors *ts, const struct hone_model *model, void *self, int64_t outputs, struct hone_err *err);
/* Allocates those that were not placed, zeroed: for values that are read from a file. */
int tensors_alloc(struct tensors *ts, struct hone_err *err);
/* Lets tensor i lie at `at`, where tensors_alloc() has not been called yet; for files that are mapped. */
void tensors_place(struct tensors *ts, int64_t i, float *at);
/* Allocates and fills all with their start values, which depend on the seed alone. pool NULL: on this thread. [main] */
int tensors_init(struct tensors *ts, uint64_t seed, struct pool *pool, struct hone_err *err);
/* Sets all to their start values again. [main] */
void tensors_start(struct tensors *ts, uint64_t seed, struct pool *pool);
void tensors_free(struct tensors *ts);
/* The index of a tensor, -1 when there is none of that name. */
int64_t tensors_find(const struct tensors *ts, const char *name);

/* Memory that is not filled, 64-byte aligned, on huge pages when it is much; free with free(). NULL when memory ran out. [any] */
void *pages_new(size_t bytes);
/* n zeroed floats of such memory. */
float *floats_new(int64_t n);
/* Values beside those of all tensors: makes *room (NULL at first) and in it what is not there yet, zeroed. `what` they are is for the sentence.
 * After a failure it may be there in part; tensors_room_free() takes that, too. */
int tensors_room(const struct tensors *ts, float ***room, const char *what, struct hone_err *err);
void tensors_room_free(const struct tensors *ts, float ***room);

#endif
