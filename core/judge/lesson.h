/* What the training rows say about test rows: examples of each output, inputs that carry several outputs, test inputs
 * that were trained on. Not the checks of `hone data check`, which look at a file. Called by the task evaluate. */
#ifndef JUDGE_LESSON_H
#define JUDGE_LESSON_H
#include "core/judge/predictions.h"
#include "hone/text.h"

struct lesson {
    int64_t rows;          /* training rows */
    int64_t *count;        /* [predictions.n_names] training rows of that output, `incorrect` ones left out */
    int64_t conflicts;     /* distinct inputs with more than one output */
    int64_t conflict_rows; /* training rows with such an input */
    int64_t sample;        /* example number of one of them, -1: none */
    uint8_t *conflicted;   /* [predictions.n_names] 1: shares an input with another output */
    uint8_t *seen;         /* [predictions.n] 1: the folded input is in the training rows */
    int64_t n_seen, seen_correct;
    double baseline;       /* share of the commonest output */
};

/* rows[0..n_rows) of `train` are the training rows (NULL: all). `test` holds the predictions' rows; it may be `train`.
 * Inputs are compared as sequences of folded words. Zero-initialise l; free in any case. HONE_ENOMEM. */
int lesson_learn(struct lesson *l, const struct examples *train, const int64_t *rows, int64_t n_rows,
                 const struct examples *test, const struct predictions *p, struct hone_err *err);
/* A key that two inputs share when they fold into the same words, never 0; 64 bits make a chance meeting unlikely beyond concern. `w` is
 * zero-initialised, reused and freed by the caller. -1 when memory runs out. [any] */
int lesson_key(const struct hone_string *text, struct hone_words *w, uint64_t *key);
void lesson_free(struct lesson *l);

#endif
