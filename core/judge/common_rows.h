/* Rows that several runs can be compared on: held out by all of them, or of a test file, and never trained on by any. Inputs are
 * compared as sequences of folded words. Called by the task compare and by tests. */
#ifndef JUDGE_COMMON_ROWS_H
#define JUDGE_COMMON_ROWS_H
#include "core/data/examples.h"

/* What one run learned from and what it held out; rows NULL: all of the examples. Borrowed. */
struct run_rows {
    const struct examples *train, *held_out; /* held_out NULL: nothing */
    const int64_t *train_row, *held_out_row;
    int64_t n_train, n_held_out;
};

struct common_rows {
    const struct examples *from; /* whose rows these are */
    int64_t *row, n;             /* ascending; free() row */
    int64_t candidates;          /* rows of the test file, or that the first run held out */
    int64_t not_shared;          /* of these: another run did not hold them out */
    int64_t trained;             /* of the others: some run trained on the input */
};

/* `test` NULL: the rows held out by all runs. n may come out as 0. HONE_ENOMEM; c is zeroed then. */
int common_rows_find(struct common_rows *c, const struct run_rows *runs, int64_t k, const struct examples *test, struct hone_err *err);

#endif
