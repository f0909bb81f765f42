/* Tokenizers: the service of hone/tokens.h. Not a model and not a reader of training data. Lent to plugins, called by
 * `hone data tokenizer`. */
#ifndef BASE_BPE_H
#define BASE_BPE_H
#include "hone/tokens.h"

/* The service. [any] */
extern const struct hone_tokens_service bpe_service;

#endif
