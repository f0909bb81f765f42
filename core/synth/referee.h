/* A model that is trained in memory on examples and says what it thinks of others: whether an output is kept, and by what margin. Nothing
 * of it is written. Not the agent: its rows are chosen by the caller, and its configuration holds no rows out. */
#ifndef SYNTH_REFEREE_H
#define SYNTH_REFEREE_H
#include "core/train/run.h"

/* What whoever trains a referee is asked meanwhile. */
struct synth_watch {
    void *arg;
    void (*beat)(void *arg);
    int (*stopped)(void *arg);   /* 1: give up; ERR_CANCELLED */
};

struct referee {
    struct run run;
    int open;                    /* run is */
    float **weights;
    int64_t outputs;
};

/* Trains on `rows` (borrowed meanwhile) as `config` says (training keys as given; NULL: defaults), all of them, with `seed`.
 * On failure r is empty. Free with referee_free(). */
int referee_train(struct referee *r, const struct examples *rows, const cJSON *config, uint64_t seed, struct registry *registry, struct pool *pool,
                  const struct synth_watch *watch, struct hone_err *err);
void referee_free(struct referee *r); /* of a zeroed one, too */
/* Its number of an output, -1 when none of its rows teaches that. */
int32_t referee_output(const struct referee *r, struct hone_string output);
/* Probabilities prob[n][r->outputs], without temperature. [main] */
int referee_probs(struct referee *r, const struct hone_string *text, int64_t n, float *prob, struct hone_err *err);

/* What it says of one text and an output. */
struct verdict {
    int32_t best;                /* its own answer */
    int32_t rival;               /* the best output but the one that was asked for; -1 when there is no other */
    float share, margin;         /* probability of the output that was asked for, and that minus the rival's */
};
/* Verdicts on n texts, each for its output by the referee's number (-1: margin and share are 0). */
int referee_judge(struct referee *r, const struct hone_string *text, const int32_t *output, int64_t n, struct verdict *v, struct hone_err *err);

#endif
