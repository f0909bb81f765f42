/* Texts as what likeness looks at: the hash of the folded words, and the set of windows of the folded text, as in the check of data
 * (core/data/check.c, which estimates the same likeness by min-hashes for files that are too long for this). */
#ifndef SYNTH_FOLDED_H
#define SYNTH_FOLDED_H
#include "core/base/text.h"

#define FOLDED_WINDOW 4        /* bytes */

/* Zero-initialised is empty; free with folded_free(). */
struct folded {
    int64_t n, cap;
    uint64_t *hash;            /* [n] of all words in order */
    int64_t *words;            /* [n] */
    int64_t *start;            /* [n + 1] into key */
    uint32_t *key;             /* ascending within a text, each once */
    int64_t room;
    struct hone_words scratch;
};
void folded_free(struct folded *f);
/* Adds a text. HONE_ENOMEM without a sentence; f is unchanged then. */
int folded_add(struct folded *f, struct hone_string text);
/* Adds text i of another one. */
int folded_take(struct folded *f, const struct folded *from, int64_t i);
/* Shared windows by all windows of the two (Jaccard, 1912): 1 for equal texts, 0 for texts that share none. [any, pure] */
double folded_likeness(const struct folded *f, int64_t i, const struct folded *g, int64_t j);

/* Which texts have a window. */
struct folded_index {
    const struct folded *of;
    struct folded_entry {
        uint32_t key, text;
    } *entry;                  /* by key */
    int64_t n;
    int32_t *shared;           /* [texts] zero between calls */
    uint32_t *met;
};
/* Borrows f, to which nothing may be added meanwhile. HONE_ENOMEM without a sentence. */
int folded_index_make(struct folded_index *x, const struct folded *f);
void folded_index_free(struct folded_index *x);
/* The text of the index most like text i of g and its likeness (0: none shares a window; *text is then -1). The first of several. */
double folded_nearest(struct folded_index *x, const struct folded *g, int64_t i, int64_t *text);
/* The likeness of text i of the index itself and the other text most like it. */
double folded_second(struct folded_index *x, int64_t i);

#endif
