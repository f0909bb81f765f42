/* Word vectors from a file: text with one word a line (.vec, .txt; with or without the header line "words width"), or word2vec's
 * binary form (.bin). Not the use that is made of them; that is core/train/base.c. */
#ifndef DATA_VECTORS_H
#define DATA_VECTORS_H
#include "core/data/examples.h"

struct vectors {
    int64_t n, width;
    struct outputs words;        /* words.name[n], distinct, in the order of the file */
    float *value;                /* [n][width] finite */
    int64_t cap;                 /* words that `value` has room for */
};

/* 1 when a file with this name is read as vectors by its suffix: .vec, .txt, .bin. [any, pure] */
int vectors_named(const char *path);
/* Reads a whole file. ERR_CORRUPT names the line (text) or the byte (binary) of the first fault: a number that is none or not finite,
 * too few or too many numbers, a word twice, invalid UTF-8, an end too early. On failure v is empty. */
int vectors_read(struct vectors *v, const char *path, struct hone_err *err);
void vectors_free(struct vectors *v);

#endif
