/* What an agent answers to test rows: for each row the best output, how sure it was, and what was expected. Probabilities
 * of all outputs are passed on in blocks and not kept. Not metrics. Called by the task evaluate. */
#ifndef JUDGE_PREDICTIONS_H
#define JUDGE_PREDICTIONS_H
#include "core/data/examples.h"
#include "core/train/predictor.h"
#include "hone/metric.h"

struct predictions {
    int64_t n;                /* test rows */
    int64_t width;            /* outputs that the agent knows */
    int64_t incorrect;        /* rows left out because their feedback is `incorrect`: their output is a wrong answer */
    int64_t unanswered;       /* rows left out because they have no expected output */
    int64_t weightless;       /* rows left out because their weight is 0 */
    int64_t unknown;          /* of the n rows: the agent does not know the expected output; they count as wrong */
    int64_t too_long;         /* of the n rows: the input leaves no room for an answer in the context of an agent that writes; they count as wrong */
    int64_t *row;             /* [n] number of the example */
    int32_t *label;           /* [n] index of the expected output, -1 when the agent does not know it */
    int32_t *expected;        /* [n] as label, and beyond width for outputs that the agent does not know */
    int32_t *predicted;       /* [n] index of the highest probability, the first when several are */
    float *top, *entropy;     /* [n] probability of predicted; entropy in nats */
    float *plain;             /* [n] what top would be without the agent's temperature, or NULL */
    double temperature;       /* of the agent; 1: none */
    double threshold;         /* of the agent; below it an answer is refused */
    int64_t n_names;          /* width and the unknown ones */
    struct hone_string *name; /* [n_names] borrowed from the agent and the examples */
    int writes;               /* the agent writes: names are all texts that were expected or written, top is e^(mean log-probability) of an answer's
                               * tokens, entropy NaN */
    struct outputs written;   /* owns the names of an agent that writes */
};
void predictions_free(struct predictions *p); /* leaves it zeroed */

/* Gets each block with the probabilities, in order; `first` is the block's first row. < 0 ends the run. [main] */
struct block_sink {
    void *arg;
    int (*block)(void *arg, const struct hone_scored *block, int64_t first, struct hone_err *err);
};

/* Chooses the test rows among rows[0..n_rows) (NULL: all examples) and labels them: `known[i]` is the agent's number of
 * output i of the examples, -1 when it does not know it; name[width] are the agent's outputs.
 * ERR_PRECONDITION when no row is left. On failure p is zeroed. */
int predictions_choose(struct predictions *p, const struct examples *e, const int64_t *rows, int64_t n_rows,
                       const int32_t *known, const struct hone_string *name, int64_t width, struct hone_err *err);
/* Notes the answers to rows first .. first + n from prob[n][width]; p->temperature is that of the probabilities. pool may be NULL. [main] */
void predictions_note(struct predictions *p, int64_t first, int64_t n, const float *prob, struct pool *pool);
/* predictions_choose() and the answers of the agent. `beat` (may be NULL) is called between blocks. */
int predictions_run(struct predictions *p, struct predictor *agent, const struct examples *e, const int64_t *rows,
                    int64_t n_rows, const struct block_sink *sink, void (*beat)(void *), void *beat_arg,
                    struct hone_err *err);

/* ---- written.c ---- */

/* predictions_run() for an agent that writes. width is n_names. */
int predictions_write(struct predictions *p, struct predictor *agent, const struct examples *e, const int64_t *rows, int64_t n_rows,
                      void (*beat)(void *), void *beat_arg, struct hone_err *err);
/* The numbers of its answers to n further texts, which become names, too. */
int predictions_texts(struct predictions *p, struct predictor *agent, const struct hone_string *text, int64_t n, int32_t *number, struct hone_err *err);

#endif
