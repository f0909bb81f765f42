/* What a paradigm sees of the examples of a step or of an evaluation: columns, scores, scores by the references. All of it lies
 * in the scratch of the passes. Called by step.c. */
#ifndef TRAIN_SHEET_H
#define TRAIN_SHEET_H
#include "core/train/run.h"

struct sheet {
    const int64_t *text;                      /* [texts] of the set, those of an example beside one another */
    int64_t texts;
    const int64_t *row_start;                 /* [texts + 1] of models that write, else NULL: one row a text */
    struct hone_rows rows;                    /* rows.scores and rows.reference point to the two below */
    float *scores;                            /* [n][width] */
    float *reference[HONE_REFERENCES];        /* [n][width], NULL while a reference has no weights */
    const float *shown[HONE_REFERENCES];
    int64_t batch;                            /* number of the batch in its step */
    const int64_t *solved;                    /* [n] training rows whose scores are corrected (solve.h); NULL: rows that the kept ones vote on */
};

/* Examples row[0..n) of a set; the scores are not filled. HONE_ENOMEM without a sentence. */
int sheet_make(struct sheet *s, struct run *r, struct passes *p, const struct row_set *set, const int64_t *row, int64_t examples);
/* *part becomes a view of rows [from, from + n), without whole answers; its text and row_start are of no use. */
void sheet_part(const struct sheet *s, int64_t from, int64_t n, struct sheet *part);
/* The pieces that a paradigm's loss may be taken of apart: the example of each whole answer, else a few rows. */
int64_t sheet_pieces(const struct sheet *s);
void sheet_piece(const struct sheet *s, int64_t i, struct sheet *part);
/* Runs the model forward over a batch for all scores of the sheet; the references first, so that a backward pass may follow. */
int sheet_forward(struct sheet *s, struct run *r, struct passes *p, const struct batch *b, uint32_t flags, struct hone_err *err);

#endif
