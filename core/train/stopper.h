/* Early stopping: which evaluation was the best, and whether to go on. Rules: contract of the Training API; an improvement is
 * strict and by more than min_delta. */
#ifndef TRAIN_STOPPER_H
#define TRAIN_STOPPER_H
#include <stdint.h>

struct stopper {
    int higher;          /* larger values are better */
    double min_delta;
    int64_t patience;    /* 0: never stop */
    /* state, kept in checkpoints */
    double best;
    int64_t best_epoch;  /* 1 first; 0: none yet */
    int64_t waited;      /* evaluations since then */
};

/* Notes a value; 1 when it is the best so far. A NaN never is. */
static inline int stopper_note(struct stopper *s, double value, int64_t epoch)
{
    double gain = s->higher ? value - s->best : s->best - value;
    if (value == value && (s->best_epoch == 0 || gain > s->min_delta)) {
        s->best = value;
        s->best_epoch = epoch;
        s->waited = 0;
        return 1;
    }
    s->waited++;
    return 0;
}

static inline int stopper_done(const struct stopper *s)
{
    return s->patience > 0 && s->waited >= s->patience;
}

#endif
