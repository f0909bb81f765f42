/* The next token of an answer from the scores of all: the likeliest one, or one drawn. Called by writer.c. */
#ifndef TRAIN_DRAW_H
#define TRAIN_DRAW_H
#include "core/train/writer.h"

struct draw {
    float *share;       /* [width] */
    int32_t *heap;      /* [width] */
    uint32_t *bits;     /* [width] and up to a block more */
};
int draw_open(struct draw *d, int64_t width); /* HONE_ENOMEM without a sentence */
void draw_close(struct draw *d);

/* The token; -1 when a score is not finite. *log_prob gets its natural log-probability at `temperature`, the calibration's, whatever
 * the wish is. The draw is by (wish->seed, at), at being the number of the token in its answer. */
int32_t draw_token(struct draw *d, const float *scores, int64_t width, double temperature, const struct write_wish *wish, uint64_t at,
                   double *log_prob);
/* What draw_token() would give, without the probability; for guesses. */
int32_t draw_guess(struct draw *d, const float *scores, int64_t width, const struct write_wish *wish, uint64_t at);

#endif
