/* Guesses of an answer's next tokens, by what followed the same tokens earlier in the text and the answer: texts repeat names, phrases
 * and themselves. The model looks at several guesses in one pass, which reads its weights once; those that would not have been written
 * are dropped, so a guess changes no answer (Leviathan et al., 2023, "Fast inference from transformers via speculative decoding").
 * Called by writer.c. */
#ifndef TRAIN_LOOKUP_H
#define TRAIN_LOOKUP_H
#include <stdint.h>

/* Writes at most `most` tokens that may follow past[0..n); returns how many. [any, pure] */
int64_t lookup_guess(const int32_t *past, int64_t n, int64_t most, int32_t *guess);

#endif
