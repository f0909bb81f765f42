/* Writes examples in another format, and divides a file into training and validation. Called by `hone data`. */
#ifndef DATA_CONVERT_H
#define DATA_CONVERT_H
#include "core/data/examples.h"

/* Reads src and writes dst ("-" is standard output) in format `to` (DATA_AUTO: by dst's suffix). What a format cannot hold
 * (feedback, weight, metadata in chat, alpaca and fastText; blanks in fastText labels) fails with a sentence unless `lossy`.
 * A file is replaced as a whole or not at all. *rows (may be NULL) gets how many were written. */
int data_convert(const char *src, const struct read_options *options, const char *dst, enum data_format to, int lossy,
                 int64_t *rows, struct hone_err *err);

/* Divides src by split_examples() into two JSONL files. */
int data_split_file(const char *src, const struct read_options *options, double share, uint64_t seed, const char *train,
                    const char *validation, int64_t *n_train, int64_t *n_validation, struct hone_err *err);

#endif
