/* What a run starts from: the weights of another run, or word vectors. Tensors are matched by name and shape, rows of features by the
 * keys that the model gives them, rows and columns of outputs by the outputs' texts; what is new keeps its fresh values. Knows no model
 * by name. Used while a run opens. */
#ifndef TRAIN_BASE_H
#define TRAIN_BASE_H
#include <cjson/cJSON.h>
#include "core/data/vectors.h"
#include "core/train/learner.h"

struct base {
    struct learner l;            /* of weights; l.model NULL: these are vectors */
    struct vectors v;
    char *name;                  /* for people */
};

/* Where training begins, and what of it is the base's. Zero-initialise; free with start_free(). */
struct start {
    int64_t n;
    float **param;               /* [n tensors] copies of the first values */
    uint8_t **row;               /* [n][rows] 1: the row came from the base; NULL: nothing of the tensor did */
    uint8_t *output;             /* [outputs] 1: the base knows the output; of models that write [tokens], all 1; NULL for vectors */
    cJSON *report;               /* {outputs, taken, extended, left, fresh}, see docs/configuration.md */
};

/* Reads the file. kind: "weights" (of this program, or one of its checkpoints) or "vectors". The sentence of a failure begins with
 * "config.base". On failure b is empty. */
int base_open(struct base *b, struct registry *registry, const char *path, const char *kind, const char *name, struct hone_err *err);
void base_close(struct base *b);

/* The options of a model that starts from b: those given on top of the base's. NULL when memory ran out. */
cJSON *base_options(const struct base *b, const cJSON *given);
/* Overwrites first values of l's tensors (tensors_init() has been called) with the base's and fills s. HONE_EINVAL when nothing of the
 * base fits. On failure s is empty. */
int base_take(const struct base *b, struct learner *l, struct start *s, struct hone_err *err);
/* Sets all tensors to their first values again. */
void start_again(const struct start *s, struct tensors *ts);
void start_free(struct start *s);

#endif
