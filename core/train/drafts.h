/* How many tokens of an answer are guessed by rough passes of the model (HONE_PASS_ROUGH) before a plain one looks at them all: as many as pay, by
 * how often such guesses have come true. It decides how long an answer takes, never what it says. (Leviathan et al., 2023, "Fast inference from
 * transformers via speculative decoding"; Zhang et al., 2023, "Draft & verify".) Not the passes, which are writer.c's. */
#ifndef TRAIN_DRAFTS_H
#define TRAIN_DRAFTS_H
#include <stdint.h>

struct drafts {
    double tried, right;        /* guesses that were looked at and that came true, older ones counting less */
    int64_t pause;              /* steps until guesses are tried again */
};
/* What is thought of guesses before there were any. */
extern const struct drafts drafts_unknown;

/* Guesses for one of `answers` answers that are written beside one another, at most `most`; 0 where they would not pay. [any] */
int64_t drafts_depth(struct drafts *d, int64_t answers, int64_t most);
/* Of `tried` guesses the first `right` came true. [any] */
void drafts_learn(struct drafts *d, int64_t tried, int64_t right);

#endif
