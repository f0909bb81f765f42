/* Divides examples into training and validation rows: stratified by output unless the outputs are written, seeded, and rows with one
 * folded input always on the same side. Of rows most of whose inputs are the end of the output before them (parts of a text that goes on,
 * whatever file they stand in) one stretch is held out, the end: else what one side learns from would be in the other. */
#ifndef DATA_SPLIT_H
#define DATA_SPLIT_H
#include "core/data/examples.h"

/* Fills train and val (allocated here, free()) with row numbers in ascending order. share in [0, 0.9]; each output with at
 * least two distinct inputs keeps at least one on the training side, and the validation side has
 * round(share * n) rows as nearly as whole groups allow. The same on every machine. share 0: all rows train. written: outputs are texts
 * that a model writes, few of them alike, and the split does not go by them. */
int split_examples(const struct examples *e, int written, double share, uint64_t seed, int64_t **train, int64_t *n_train, int64_t **val,
                   int64_t *n_val, struct hone_err *err);

/* Part `fold` (0 first) of `folds` parts of the rows is held out: rows of one folded input stay together, each output's are dealt out
 * evenly, and those of an output with a single distinct input always train. Of a text that goes on, the part behind the held-out stretch
 * is on neither side, as its input is the end of what is held out. Otherwise as split_examples(). */
int split_fold(const struct examples *e, int written, int64_t folds, int64_t fold, uint64_t seed, int64_t **train, int64_t *n_train, int64_t **val,
               int64_t *n_val, struct hone_err *err);

/* Keeps about `share` of the rows row[0..*n), in place and in their order: of each output (and of those without one) the first ceil(share x its
 * rows) in an order drawn from (seed, draw), so that a smaller share of one draw is a part of a larger one. HONE_ENOMEM, the rows then
 * unchanged. */
int split_thin(const struct examples *e, int written, double share, uint64_t seed, uint32_t draw, int64_t *row, int64_t *n, struct hone_err *err);

#endif
