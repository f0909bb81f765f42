/* What writer.c and guesses.c share: the answers on their way and the pass over their streams. */
#ifndef TRAIN_WRITER_PRIV_H
#define TRAIN_WRITER_PRIV_H
#include "core/train/drafts.h"
#include "core/train/draw.h"
#include "core/train/writer.h"

#define WRITER_TRIED 8 /* tokens of a pass in which some are guesses: more cost more than they save */
#define WRITER_ROWS (WRITER_TOGETHER > WRITER_TRIED ? WRITER_TOGETHER : WRITER_TRIED) /* of a pass */

/* One answer on its way. */
struct answer {
    void *stream;
    int64_t number;             /* by which the sink knows it */
    const struct write_wish *wish;
    struct written *out;
    int64_t left;               /* tokens that may still be written */
    size_t told;                /* bytes that the sink has */
    int32_t *past;              /* [context] tokens of text and answer; the stream holds all but the newest */
    int64_t n;
    int64_t trust;              /* guesses by the text that are worth trying */
    int64_t misses, pause;      /* such guesses in a row that were all wrong; tokens until the next one */
    struct drafts drafts;
    int drafted;                /* the guesses under way come from rough passes */
};

struct writer {
    const struct learner *l;
    struct passes *p;
    struct pool *pool;
    double temperature;
    const struct write_sink *sink;
    struct answer answer[WRITER_TOGETHER];
    int64_t n;                  /* answers that are not done */
    int64_t steps;              /* so far */
    int rough;                  /* guesses may be made by rough passes */
    int changed;                /* the model may have kept something of other weights */
    struct draw draw[WRITER_ROWS]; /* the first `draws` are open, one at least while answers are on their way */
    int64_t draws;
    struct hone_err *err;       /* of the call under way */
};

/* One pass of the model over the tokens of `in`, which go on with these streams; its scores are in its pass. flags: HONE_PASS_ROUGH or 0. row: as
 * in struct hone_pass. [main] */
int writer_pass(struct writer *w, void *const *stream, const struct hone_bag *in, const int64_t *row, uint32_t flags);

/* ---- guesses.c ---- */

/* Tokens that an answer may go on with. */
struct guess {
    int64_t n, wanted;          /* there are; that rough passes are to make, 0 when they come from the text */
    int32_t token[WRITER_TRIED];
};

/* Whether rough passes may make guesses for this learner: not where its weights are mapped, which is done to save memory. */
int guesses_rough(const struct learner *l);
void guesses_begin(struct answer *a);
/* Guesses for all answers, each with n of guess[] that fit into one pass together. The streams hold what they held. [main] */
int guesses_make(struct writer *w, struct guess *guess);
/* Of the last `tried` guesses of an answer the first `right` came true. */
void guesses_learn(struct answer *a, int64_t tried, int64_t right);

#endif
